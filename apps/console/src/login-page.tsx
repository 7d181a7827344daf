/** What a browser without a valid cookie sees. */
export function LoginPage() {
  return (
    <main className="login">
      <img src="/favicon.svg" alt="" width="48" height="48" />
      <h1>Log in to Perdure</h1>
      <p>
        Open the link that <code>perdure serve</code> printed in its terminal. It carries a token
        that logs this browser in. Were you invited to a session? Then open the invitation, or ask
        for another one.
      </p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Try again
      </button>
    </main>
  );
}

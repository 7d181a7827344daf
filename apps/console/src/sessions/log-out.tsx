import { LogOut as Door } from "lucide-react";
import { useState } from "react";
import { request, sentenceOf } from "../http.ts";

/** Ends the login of this browser, or all of the same person's; every page of theirs shows the login page then. */
export function LogOut() {
  const [problem, setProblem] = useState<string>();
  const logOut = async (path: string) => {
    setProblem(undefined);
    try {
      await request("POST", path);
      location.assign("/");
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return (
    <footer className="sessions-footer">
      <button type="button" className="text-button" onClick={() => void logOut("/logout")}>
        <Door aria-hidden size={15} />
        Log out
      </button>
      <button
        type="button"
        className="text-button"
        onClick={() => void logOut("/logout?everywhere")}
      >
        Log out everywhere
      </button>
      {problem !== undefined && (
        <p className="sessions-problem" role="alert">
          {problem}
        </p>
      )}
    </footer>
  );
}

/** Starting runners for sessions that ask for one. */

export { gatewayCommand } from "./command.ts";

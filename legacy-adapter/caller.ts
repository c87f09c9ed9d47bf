/** Who calls, as a verified token says. */
export interface Caller {
  /** The token's subject. */
  readonly sub: string;
  /** All claims of the token, `sub` included. */
  readonly claims: Readonly<Record<string, unknown>>;
  /** The token itself, to be passed on to the monolith. Never logged. */
  readonly token: string;
}

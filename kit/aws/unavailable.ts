/** A part that tests want and this machine cannot have; the message says why, and what to install. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}

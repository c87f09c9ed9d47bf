/** Names of fields whose values never reach a log. */
export const secretFields = ['password', 'secret', 'token', 'authorization', 'connectionString', 'url'];

/** What a gateway answered: the HTTP code and the standard body. */
export interface Answer<Data> {
  readonly status: number;
  readonly message: string;
  readonly data: Data;
  readonly etag: string | null;
  /** To be sent again as `banyan-session`: then no later answer is older. */
  readonly session: string | null;
}

/** A small client of a gateway. */
export interface Client {
  url(path: string): string;
  get<Data>(path: string, headers?: Readonly<Record<string, string>>): Promise<Answer<Data>>;
  post<Data>(path: string, body: unknown): Promise<Answer<Data>>;
}

/** @param token a bearer token; empty sends none */
export function client(base: string, token: string): Client {
  const url = (path: string): string => `${base}${path}`;
  const ask = async <Data>(path: string, init: RequestInit): Promise<Answer<Data>> => {
    const authorization = token === '' ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(url(path), {
      ...init,
      headers: { ...authorization, ...(init.headers as object) },
    });
    const text = await response.text();
    const body = (text === '' ? { message: '', data: null } : JSON.parse(text)) as {
      message: string;
      data: Data;
    };
    return {
      status: response.status,
      message: body.message,
      data: body.data,
      etag: response.headers.get('etag'),
      session: response.headers.get('banyan-session'),
    };
  };
  return {
    url,
    get: (path, headers = {}) => ask(path, { headers }),
    post: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
  };
}

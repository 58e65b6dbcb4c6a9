/** Which methods an address of the service answers. */
import { ROUTES, type RouteDefinition } from '../api/routes.ts';

interface Address {
  readonly pattern: RegExp;
  readonly methods: readonly string[];
}

const PARAMETER = /:[a-z]+/gi;

const ADDRESSES: readonly Address[] = Object.values<RouteDefinition>(ROUTES).map(({ method, path }) => ({
  pattern: new RegExp(`^${path.replaceAll('.', '\\.').replace(PARAMETER, '[^/]+')}$`),
  methods: method === 'GET' ? ['GET', 'HEAD'] : [method],
}));

/** Of the path of a request; none where there is nothing. */
export function allowedMethods(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1);
  return ADDRESSES.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
}

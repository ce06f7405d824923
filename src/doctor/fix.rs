//! The very lines to change, for causes that more than one check can find.

/// Load balancing must keep a client on one node.
pub(super) const STICKY: &str = "keep each client on one node. \
nginx: `ip_hash;` (or `hash $remote_addr consistent;`) as first line of the upstream block. \
Apache: `BalancerMember … route=a`, `ProxySet stickysession=route`, with a cookie set by \
`Header add Set-Cookie \"route=.%{BALANCER_WORKER_ROUTE}e; path=/\" env=BALANCER_ROUTE_CHANGED`. \
HAProxy: `balance source`, or `cookie SERVERID insert indirect nocache` and `cookie a` on each \
server. AWS target group: `stickiness.enabled=true`, `stickiness.type=lb_cookie`. Kubernetes: \
`sessionAffinity: ClientIP`. Several workers on one host: @socket.io/sticky, or one port each. \
Or let clients connect with `transports: [\"websocket\"]`, which needs no stickiness";

/// The upgrade's headers must be passed on.
pub(super) const UPGRADE: &str = "pass the upgrade on. nginx, in the location: \
`proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
proxy_set_header Connection \"upgrade\";`. Apache: `ProxyPass /socket.io/ \
http://backend/socket.io/ upgrade=websocket` (2.4.47 or newer), or mod_proxy_wstunnel with \
`RewriteCond %{HTTP:Upgrade} =websocket [NC]`. HAProxy passes it by itself (`mode http`, without \
`option httpclose`). Cloud balancers: use the HTTP/1.1 kind that knows WebSocket (AWS: \
Application Load Balancer)";

/// A proxy's idle time.
pub(super) const IDLE: &str = "raise the proxy's idle time above pingInterval + pingTimeout, or \
ping more often. nginx: `proxy_read_timeout 120s; proxy_send_timeout 120s;` in the location. \
Apache: `ProxyTimeout 120`. HAProxy: `timeout client 120s`, `timeout server 120s`, \
`timeout tunnel 1h`. AWS ALB: `idle_timeout.timeout_seconds=120`. GCP: `timeoutSec: 3600` of the \
backend service. Server option: `pingInterval` below the proxy's time";

/// A proxy's limit for bodies.
pub(super) const BODY: &str = "let the proxy take bodies as large as the server's \
maxHttpBufferSize. nginx: `client_max_body_size 2m;` in the server or location block. Apache: \
`LimitRequestBody 2097152`. Traefik: `maxRequestBodyBytes: 2097152` of the buffering middleware. \
Server option: a `maxHttpBufferSize` below the proxy's limit makes clients send smaller batches";

/// The generation of the client must fit.
pub(super) const NEWER_SERVER: &str = "use a client of Socket.IO 3 or 4 (Engine.IO 4), or let \
older ones in with the server option `allowEIO3: true`";

/// The generation of the client must fit, the other way.
pub(super) const OLDER_SERVER: &str = "use a client of Socket.IO 2 (JavaScript: \
`npm install socket.io-client@2`, Java: `io.socket:socket.io-client:1.0.2`), or bring the server \
to version 4";

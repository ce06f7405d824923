//! The lines to change, each said in one place.

/// Requests of one session have to reach one process.
pub(super) const STICKY: &str = "nginx: `ip_hash;` (or `hash $cookie_NAME consistent;` with a \
    cookie of your own) in the `upstream` block. HAProxy: `cookie SERVERID insert indirect \
    nocache` in the backend and `cookie s1` at each server. Apache: `ProxySet \
    stickysession=SERVERID` in the balancer. AWS ALB: turn on stickiness for the target group. \
    Node cluster or pm2: @socket.io/sticky. gunicorn: `-w 1`, one worker a port. Or connect with \
    `transports: [\"websocket\"]`, which needs no stickiness but has no fallback.";

/// A WebSocket has to get through the proxy.
pub(super) const UPGRADE: &str = "nginx, in the `location` of /socket.io/: `proxy_http_version \
    1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";`. \
    Apache: `ProxyPass /socket.io/ http://127.0.0.1:3000/socket.io/ upgrade=websocket` (2.4.47 or \
    newer; before: mod_proxy_wstunnel with `RewriteCond %{HTTP:Upgrade} websocket [NC]`). HAProxy: \
    `mode http` passes it by itself. AWS: an Application Load Balancer passes it, a Classic one \
    does not over HTTP listeners. Cloudflare: Network, WebSockets: on.";

/// A proxy must wait longer than a connection is idle.
pub(super) const IDLE: &str = "nginx, in the `location` of /socket.io/: `proxy_read_timeout \
    120s; proxy_send_timeout 120s;`. Apache: `ProxyTimeout 120`. HAProxy: `timeout tunnel 1h`, \
    and `timeout server 120s` for polling. AWS ALB: `idle_timeout.timeout_seconds=120`. GCP: the \
    backend service's timeout. Where the proxy is not yours, make the server ping more often: \
    `new Server({ pingInterval: PING })` (python: `ping_interval`), less than the proxy's time.";

/// Both sides have to speak the same generation.
pub(super) const ONLY_V4: &str = "Client: socket.io-client 3 or 4 (Java: 2.x, Swift: 16.x, \
    python-socketio: 5.x); in sioscope `--eio 4`. Or let the server serve old clients too: `new \
    Server({ allowEIO3: true })` (Socket.IO 3.1 or newer).";

/// As [`ONLY_V4`], for an old server: nothing makes it speak Engine.IO 4.
pub(super) const ONLY_V3: &str = "Client: socket.io-client 2.x (Java: 1.x, Swift: 15.x, \
    python-socketio: 4.x); in sioscope `--eio 3`. Or bring the server to Socket.IO 4, with \
    `allowEIO3: true` as long as old clients are there.";

/// The HTTP path has to be the server's.
pub(super) const PATH: &str = "Give the client the server's path: `io(URL, { path: \
    \"/PREFIX/socket.io/\" })` (sioscope: `--path /PREFIX/socket.io`), or the server the client's: \
    `new Server({ path: \"/PREFIX/socket.io/\" })`. nginx: `location /socket.io/ { proxy_pass \
    http://127.0.0.1:3000; }`, with no path and no slash after the port: one there replaces \
    /socket.io/.";

/// A message is larger than somebody lets through.
pub(super) const LARGER_SERVER: &str = "Server: `new Server({ maxHttpBufferSize: BYTES })` \
    (python: `max_http_buffer_size`); 1 MB by default. Better for large data: upload it over \
    HTTP and emit its address, or cut it into pieces.";

/// As [`LARGER_SERVER`], for nginx and its like.
pub(super) const LARGER_PROXY: &str = "nginx, in the `location` of /socket.io/: \
    `client_max_body_size 10m;` (1 MB by default). Apache: `LimitRequestBody 10485760`. \
    Kubernetes ingress-nginx: `nginx.ingress.kubernetes.io/proxy-body-size: 10m`. And keep the \
    server's own `maxHttpBufferSize` in step.";

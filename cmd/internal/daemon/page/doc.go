// Package page shows what a daemon does on a page for browsers:
//
//	/             figures, charts of the last hour, pipelines as graphs, top lists
//	/api/status   the same in JSON, see package control
//	/api/top
//
// The server draws the page whole, so that it needs no script. The script only fetches it
// again and puts it in the place of the old one.
//
// # Who gets it
//
// The page names clients, and without http.web_config there is no password. So only
// connections within the host get it, unless a setting says otherwise. Both ends of the
// connection have to be loopback addresses, wherever the server listens: `kubectl
// port-forward` and `ssh -L` work. The request has to name such a host too: otherwise a
// page from elsewhere, whose name resolves to 127.0.0.1, could read this one in the browser
// of an operator (DNS rebinding).
//
// The control socket has the page too: its mode protects it, and `ssh -L
// 9342:/run/pmtud/pmtud.sock HOST` brings it to a browser.
//
// Live packets (/api/tap) stay at the control socket: they have content, and taps are few.
package page

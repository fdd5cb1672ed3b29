package page

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Access says who gets the page. Its values are those of the setting http.page.
type Access string

// Values of Access. The zero value is Loopback.
const (
	Loopback Access = "loopback" // connections within the host
	Anyone   Access = "anyone"   // who can reach the server
	Off      Access = "off"      // nobody
)

const others = `/metrics          metrics for Prometheus
/livez            whether the process answers
/readyz?verbose   whether every pipeline and stage can do its work
`

const refusal = `The page names clients, so it is served on loopback addresses only. Either

  ask through one:        ssh -L 9342:127.0.0.1:9342 HOST, then http://127.0.0.1:9342/
                          (http.listen has to include 127.0.0.1)
  or open it to anyone:   http: {listen: ..., page: anyone}
                          (TLS and a password: web_config: FILE)
  or use a terminal:      pmtud status, pmtud top

`

// refused returns why a request does not get the page, or an empty text if it does.
func (a Access) refused(r *http.Request) string {
	switch {
	case a == Off:
		return "The page is off (http.page).\n\n"
	case a == Anyone || isLocal(r):
		return ""
	}
	return refusal
}

// isLocal reports whether a request comes from this host and is meant for it.
func isLocal(r *http.Request) bool {
	switch local := r.Context().Value(http.LocalAddrContextKey).(type) {
	case *net.UnixAddr:
		return isLoopbackName(r.Host)
	case *net.TCPAddr:
		remote, err := netip.ParseAddrPort(r.RemoteAddr)
		return err == nil && local.IP.IsLoopback() && remote.Addr().Unmap().IsLoopback() && isLoopbackName(r.Host)
	}
	return false
}

// isLoopbackName reports whether the host of a request, with or without a port, can only be
// this one.
func isLoopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.Unmap().IsLoopback()
}

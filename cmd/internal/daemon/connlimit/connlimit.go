// Package connlimit bounds the open connections of an HTTP server.
package connlimit

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
)

// Listen returns a listener that has at most so many connections open. When one more comes,
// it closes the oldest one that has sent no request yet, so that slow or silent clients
// evict only each other. The server needs [Context] and [Mark] to know about requests.
func Listen(l net.Listener, most int) net.Listener { return &listener{Listener: l, most: most} }

// Context is for [http.Server.ConnContext].
func Context(ctx context.Context, conn net.Conn) context.Context {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok { // TLS
		conn = over.NetConn()
	}
	return context.WithValue(ctx, connKey{}, conn)
}

// Mark returns a handler that notes for which connection a request has come.
func Mark(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, ok := r.Context().Value(connKey{}).(*trackedConn); ok {
			c.listener.mu.Lock()
			c.requested = true
			c.listener.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

// connKey is the key of a request's connection in its context.
type connKey struct{}

type listener struct {
	net.Listener
	most int

	mu   sync.Mutex
	open []*trackedConn // oldest first
}

// trackedConn is a connection of a listener.
type trackedConn struct {
	net.Conn
	listener  *listener
	requested bool // guarded by the listener's lock
}

// Accept is [net.Listener].
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &trackedConn{Conn: conn, listener: l}
	if old := l.add(c); old != nil {
		_ = old.Close() // it gets no answer
	}
	return c, nil
}

// add adds a connection and returns the one that has to go, or nil.
func (l *listener) add(c *trackedConn) (old *trackedConn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.most {
		at := max(slices.IndexFunc(l.open, func(c *trackedConn) bool { return !c.requested }), 0)
		old = l.open[at]
		l.open = slices.Delete(l.open, at, at+1)
	}
	l.open = append(l.open, c)
	return old
}

// Close is [net.Conn].
func (c *trackedConn) Close() error {
	l := c.listener
	l.mu.Lock()
	if at := slices.Index(l.open, c); at >= 0 {
		l.open = slices.Delete(l.open, at, at+1)
	}
	l.mu.Unlock()
	return c.Conn.Close()
}

package monitor

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
)

// crowd is a listener that bounds how many connections are open. For one too many, the
// oldest one whose request has not come yet has to go, so that those who open connections
// and say nothing, or say it slowly, keep nobody out but each other.
type crowd struct {
	net.Listener
	most int

	mu   sync.Mutex
	open []*visitor // oldest first
}

// visitor is a connection of a crowd.
type visitor struct {
	net.Conn
	crowd *crowd
	asked bool // its request has come; guarded by the crowd's lock
}

// Accept is [net.Listener].
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	v := &visitor{Conn: conn, crowd: c}
	if old := c.enter(v); old != nil {
		_ = old.Close() // it gets no answer
	}
	return v, nil
}

// enter takes a visitor in and returns the one that has to go, or nil.
func (c *crowd) enter(v *visitor) (old *visitor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.open) >= c.most {
		at := max(slices.IndexFunc(c.open, func(v *visitor) bool { return !v.asked }), 0)
		old = c.open[at]
		c.open = slices.Delete(c.open, at, at+1)
	}
	c.open = append(c.open, v)
	return old
}

// Close is [net.Conn].
func (v *visitor) Close() error {
	c := v.crowd
	c.mu.Lock()
	if at := slices.Index(c.open, v); at >= 0 {
		c.open = slices.Delete(c.open, at, at+1)
	}
	c.mu.Unlock()
	return v.Conn.Close()
}

// visitorKey is the key of a request's visitor in its context.
type visitorKey struct{}

func withVisitor(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, visitorKey{}, conn)
}

// noted notes for whom a request has come.
func noted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := r.Context().Value(visitorKey{}).(*visitor); ok {
			v.crowd.mu.Lock()
			v.asked = true
			v.crowd.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}

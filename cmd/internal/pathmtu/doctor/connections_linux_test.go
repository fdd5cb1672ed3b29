package doctor_test

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/pathmtu/pathlab"
	"github.com/pmtud/pmtud/cmd/internal/pathmtu/tcpdiag"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestConnections downloads from the server in ways that hang, or are only slow.
func TestConnections(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	hole := func(p *pathlab.Path) error { return pathlab.Silence(p.Second) }
	for _, tc := range []struct {
		name  string
		cause func(*pathlab.Path) error
		size  int
		read  func(net.Conn)
		want  string // in what is found
	}{
		{"a black hole", hole, 200_000, drain, "look black-holed: 1 of 1 retransmit full-size segments"},
		{
			"a black hole of large segments alone", hole, 20 * 1448 * 1428, drain,
			"nobody acknowledges (confirmed by a probe)",
		},
		{"a black hole of an answer that ends in a smaller segment", hole, 5000, drain, "certain for 1: their smaller segments arrive"},
		{"a router that says so", func(*pathlab.Path) error { return nil }, 20_000_000, slowly, ""},
		{"a client that does not read", func(*pathlab.Path) error { return nil }, 20_000_000, func(net.Conn) {}, ""},
		{"a path that loses a third", func(p *pathlab.Path) error { return pathlab.Lose(p.Second, 30) }, 200_000_000, drain, ""},
		{
			"a client that is gone", func(p *pathlab.Path) error {
				return errors.Join(p.First.SetMTU("eth1", 1500), p.Second.SetMTU("eth0", 1500))
			}, 5000, nil, "",
		},
	} {
		for _, family := range []struct{ name, server, prefix string }{
			{"IPv4", pathlab.Server4, "192.0.2.0/24"}, {"IPv6", pathlab.Server6, "2001:db8:1::/56"},
		} {
			t.Run(tc.name+", "+family.name, func(t *testing.T) {
				t.Parallel()
				p := healthy(t)
				netns.Must(t, tc.cause(p))
				s := serve(t, p, family.server, tc.size)
				c, err := p.Client.Dial(t.Context(), "tcp", "", net.JoinHostPort(family.server, "80"))
				netns.Must(t, err)
				t.Cleanup(func() { c.Close() })
				netns.Must(t, ask(c))
				<-s.asked
				if tc.read == nil {
					netns.Must(t, p.Second.Down("eth0"))
				} else {
					go tc.read(c)
				}
				close(s.answer)
				awaitAnswer(t, p.Server)
				begin := time.Now()
				r, status := examine(t, p.Server)
				if took := time.Since(begin); took > 10*time.Second {
					t.Errorf("took %v", took)
				}
				var found []string
				for _, f := range r.Findings {
					found = append(found, f.Subject+" "+f.State)
				}
				got := strings.Join(found, "; ")
				t.Logf("%v: %s", time.Since(begin).Round(time.Millisecond), got)
				switch {
				case tc.read == nil && status == 0 && strings.HasSuffix(got, "(unless the client is gone: it does not answer probes either)"):
				case tc.want == "" && (got != "" || status != 0):
					t.Errorf("exit status %d, found %s", status, got)
				case tc.want != "" && (status != 1 || len(found) != 1 || !strings.HasPrefix(got, "connections to "+family.prefix) || !strings.Contains(got, tc.want)):
					t.Errorf("exit status %d, found %s", status, got)
				}
			})
		}
	}
}

// server answers one request with data.
type server struct {
	asked  chan struct{} // is closed by the request
	answer chan struct{} // is to be closed for the answer
}

func serve(t *testing.T, p *pathlab.Path, address string, size int) *server {
	t.Helper()
	l, err := p.Server.Listen("tcp", net.JoinHostPort(address, "80"))
	netns.Must(t, err)
	s := &server{asked: make(chan struct{}), answer: make(chan struct{})}
	var serving sync.WaitGroup
	serving.Go(func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer context.AfterFunc(t.Context(), func() { c.Close() })() // which ends writes that hang
		if _, err := c.Read(make([]byte, 1)); err != nil {
			return
		}
		close(s.asked)
		<-s.answer
		const large = 1448 * 1428 // full-size segments of both families alone
		chunk := 5000
		if size%large == 0 {
			chunk = large
		}
		for left := size; left > 0; {
			n, err := c.Write(make([]byte, min(left, chunk)))
			if err != nil {
				return
			}
			left -= n
		}
		<-t.Context().Done()
		c.Close()
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	return s
}

// ask sends a request.
func ask(c net.Conn) error {
	_, err := c.Write([]byte("?"))
	return err
}

// awaitAnswer waits until the server has begun to answer.
func awaitAnswer(t *testing.T, ns *netns.NS) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		var conns []tcpdiag.Conn
		netns.Must(t, ns.Do(func() (err error) {
			conns, err = tcpdiag.List()
			return err
		}))
		if slices.ContainsFunc(conns, func(c tcpdiag.Conn) bool { return c.Info.Bytes_sent > 0 }) {
			return
		}
	}
	t.Fatal("the server does not answer")
}

func drain(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// slowly reads 10 kB a second.
func slowly(c net.Conn) {
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		if _, err := c.Read(make([]byte, 1000)); err != nil {
			return
		}
	}
}

package peers_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// nameServer is where look-ups go while a test has a [dnsServer].
var nameServer atomic.Pointer[net.UDPAddr]

// askNameServer makes all look-ups of the process go to nameServer. Package net
// goes on with look-ups that nobody waits for any more, so it is done once.
func askNameServer() {
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return net.DialUDP("udp4", nil, nameServer.Load())
		},
	}
}

// dnsServer is a name server on the loopback interface.
type dnsServer struct {
	t    *testing.T
	conn net.PacketConn

	mu      sync.Mutex
	answers map[string][]netip.Addr // by name with its dot at the end
	broken  bool                    // answers SERVFAIL
	silent  bool
}

func newDNSServer(t *testing.T) *dnsServer {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	netns.Must(t, err)
	s := &dnsServer{t: t, conn: conn, answers: map[string][]netip.Addr{}}
	nameServer.Store(conn.LocalAddr().(*net.UDPAddr))
	var serving sync.WaitGroup
	serving.Go(s.serve)
	t.Cleanup(func() {
		conn.Close()
		serving.Wait()
	})
	return s
}

// set changes what the server says about a name, and repairs it.
func (s *dnsServer) set(name string, addrs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.silent = false, false
	s.answers[name] = nil
	for _, a := range addrs {
		s.answers[name] = append(s.answers[name], netip.MustParseAddr(a))
	}
}

func (s *dnsServer) breakDown(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken, s.silent = true, silent
}

func (s *dnsServer) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := s.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) != 1 {
			s.t.Errorf("query: %v, %d questions", err, len(m.Questions))
			continue
		}
		if !s.answer(&m) {
			continue
		}
		reply, err := m.Pack()
		if err != nil {
			s.t.Errorf("pack answer: %v", err)
			continue
		}
		_, _ = s.conn.WriteTo(reply, from) // who asked may be gone
	}
}

// answer turns a query into its answer and reports whether there is one.
func (s *dnsServer) answer(m *dnsmessage.Message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := m.Questions[0]
	addrs, known := s.answers[q.Name.String()]
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	switch {
	case s.silent:
		return false
	case s.broken:
		m.RCode = dnsmessage.RCodeServerFailure
		return true
	case !known:
		m.RCode = dnsmessage.RCodeNameError
		return true
	}
	for _, addr := range addrs {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case q.Type == dnsmessage.TypeA && addr.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case q.Type == dnsmessage.TypeAAAA && addr.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
	return true
}

package peers_test

import (
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/nameserver"
)

// dnsServer is a name server on the loopback interface.
type dnsServer struct {
	mu      sync.Mutex
	answers map[string][]netip.Addr // by name with its dot at the end
	broken  bool                    // answers SERVFAIL
	silent  bool
}

func newDNSServer(t *testing.T) *dnsServer {
	t.Helper()
	s := &dnsServer{answers: map[string][]netip.Addr{}}
	nameserver.Start(t, s.answer)
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

func (s *dnsServer) answer(q dnsmessage.Question) nameserver.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	addrs, known := s.answers[q.Name.String()]
	switch {
	case s.silent:
		return nameserver.Answer{Silent: true}
	case s.broken:
		return nameserver.Answer{Code: dnsmessage.RCodeServerFailure}
	case !known:
		return nameserver.Answer{Code: dnsmessage.RCodeNameError}
	}
	return nameserver.Answer{Addrs: addrs}
}

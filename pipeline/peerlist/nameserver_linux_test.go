package peerlist

import (
	"maps"
	"net/netip"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/nameserver"
)

// answer is what a name server says to a question: a failure, or addresses.
type answer struct {
	code  dnsmessage.RCode
	addrs []string
}

var (
	noSuchName = answer{code: dnsmessage.RCodeNameError}
	misbehaves = answer{code: dnsmessage.RCodeServerFailure}
)

// nameServer answers what a test has set, whatever the name is.
type nameServer struct {
	mu    sync.Mutex
	a     answer // of IPv4
	aaaa  answer
	asked map[string]bool // names
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	s := &nameServer{asked: map[string]bool{}}
	nameserver.Start(t, s.answer)
	return s
}

func (s *nameServer) set(a, aaaa answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.a, s.aaaa = a, aaaa
}

// names returns which names were asked for since the last call.
func (s *nameServer) names() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked := maps.Clone(s.asked)
	clear(s.asked)
	return asked
}

func (s *nameServer) answer(q dnsmessage.Question) nameserver.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[q.Name.String()] = true
	says := s.a
	if q.Type == dnsmessage.TypeAAAA {
		says = s.aaaa
	}
	a := nameserver.Answer{Code: says.code}
	for _, text := range says.addrs {
		a.Addrs = append(a.Addrs, netip.MustParseAddr(text))
	}
	return a
}

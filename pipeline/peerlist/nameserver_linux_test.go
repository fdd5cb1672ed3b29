package peerlist

import (
	"context"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// serverAddr is where look-ups go while a test has a [nameServer].
var serverAddr atomic.Pointer[net.UDPAddr]

// askNameServer makes all look-ups of the process go to serverAddr. Package net goes on with
// look-ups that nobody waits for any more, so it is done once.
func askNameServer() {
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return net.DialUDP("udp4", nil, serverAddr.Load())
		},
	}
}

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
	t    *testing.T
	conn net.PacketConn

	mu    sync.Mutex
	a     answer // of IPv4
	aaaa  answer
	asked map[string]bool // names
}

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	netns.Must(t, err)
	s := &nameServer{t: t, conn: conn, asked: map[string]bool{}}
	serverAddr.Store(conn.LocalAddr().(*net.UDPAddr))
	var serving sync.WaitGroup
	serving.Go(s.serve)
	t.Cleanup(func() {
		conn.Close()
		serving.Wait()
		serverAddr.Store(nil)
	})
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

func (s *nameServer) serve() {
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
		s.answer(&m)
		reply, err := m.Pack()
		if err != nil {
			s.t.Errorf("pack answer: %v", err)
			continue
		}
		_, _ = s.conn.WriteTo(reply, from) // who asked may be gone
	}
}

// answer turns a query into its answer.
func (s *nameServer) answer(m *dnsmessage.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := m.Questions[0]
	s.asked[q.Name.String()] = true
	says := s.a
	if q.Type == dnsmessage.TypeAAAA {
		says = s.aaaa
	}
	m.Response, m.RecursionAvailable, m.Additionals, m.RCode = true, true, nil, says.code
	for _, text := range says.addrs {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		var body dnsmessage.ResourceBody
		if addr := netip.MustParseAddr(text); addr.Is4() {
			body = &dnsmessage.AResource{A: addr.As4()}
		} else {
			body = &dnsmessage.AAAAResource{AAAA: addr.As16()}
		}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: body})
	}
}

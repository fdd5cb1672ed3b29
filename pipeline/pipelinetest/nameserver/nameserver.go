// Package nameserver answers the look-ups of tests in place of the host's name servers.
package nameserver

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// current is where look-ups go while a test has a server.
var current atomic.Pointer[net.UDPAddr]

// Use makes all look-ups of the process go to the server of the test at hand. Package net goes on
// with look-ups that nobody waits for any more, so it is called once, in TestMain.
func Use() {
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) {
			return net.DialUDP("udp4", nil, current.Load())
		},
	}
}

// Answer is what a server says to a question.
type Answer struct {
	Code   dnsmessage.RCode
	Addrs  []netip.Addr // those of the family that was asked for are given
	Silent bool         // it says nothing
}

// Start runs a server on the loopback interface until the test ends. It calls answer with each
// question, in a goroutine of its own.
func Start(tb testing.TB, answer func(dnsmessage.Question) Answer) {
	tb.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	current.Store(conn.LocalAddr().(*net.UDPAddr))
	var serving sync.WaitGroup
	serving.Go(func() { serve(tb, conn, answer) })
	tb.Cleanup(func() {
		conn.Close()
		serving.Wait()
		current.Store(nil)
	})
}

func serve(tb testing.TB, conn net.PacketConn, answer func(dnsmessage.Question) Answer) {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if err := m.Unpack(buf[:n]); err != nil || len(m.Questions) != 1 {
			tb.Errorf("query: %v, %d questions", err, len(m.Questions))
			continue
		}
		says := answer(m.Questions[0])
		if says.Silent {
			continue
		}
		says.fill(&m)
		reply, err := m.Pack()
		if err != nil {
			tb.Errorf("pack answer: %v", err)
			continue
		}
		_, _ = conn.WriteTo(reply, from) // who asked may be gone
	}
}

// fill turns a query into its answer.
func (a Answer) fill(m *dnsmessage.Message) {
	q := m.Questions[0]
	m.Response, m.RecursionAvailable, m.Additionals, m.RCode = true, true, nil, a.Code
	for _, addr := range a.Addrs {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		switch {
		case q.Type == dnsmessage.TypeA && addr.Is4():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AResource{A: addr.As4()}})
		case q.Type == dnsmessage.TypeAAAA && addr.Is6():
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: &dnsmessage.AAAAResource{AAAA: addr.As16()}})
		}
	}
}

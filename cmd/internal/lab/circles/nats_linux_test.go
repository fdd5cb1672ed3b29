package circles_test

import (
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// natsAddress is where the NATS server of a LAN is.
const natsAddress = "10.99.0.200"

// addNATS runs a NATS server on the LAN and counts all messages that are published to it.
func (l *lan) addNATS(t *testing.T) *atomic.Int64 {
	t.Helper()
	ns := netns.NewTest(t, "nats")
	netns.Must(t, netns.Veth(ns, "eth0", l.bridge, "nats"), l.bridge.Plug("br0", "nats"), ns.Addr("eth0", natsAddress+"/24"))
	server, err := natsserver.Run(natsserver.Command(natsserver.Write(t, "listen: 0.0.0.0:4222\n")), func(c *exec.Cmd) error { return ns.Start(c) })
	netns.Must(t, err)
	t.Cleanup(func() { netns.Must(t, server.Kill()) })
	c, err := nats.Connect("nats://"+natsAddress, nats.SetCustomDialer(within{t, ns}))
	netns.Must(t, err)
	t.Cleanup(c.Close)
	published := new(atomic.Int64)
	_, err = c.Subscribe(">", func(*nats.Msg) { published.Add(1) })
	netns.Must(t, err, c.Flush())
	return published
}

// within dials in a namespace.
type within struct {
	t  *testing.T
	ns *netns.NS
}

func (w within) Dial(network, address string) (net.Conn, error) {
	return w.ns.Dial(w.t.Context(), network, "", address)
}

// TestEverything has three hosts that broadcast, relay and publish all that they capture, and,
// wrongly, all that comes from a relay and from NATS. One message reaches each other host once
// in a datagram and is published once, also when the network returns it to a host with an
// ever lower TTL. Each return is broadcast, since it is captured, and no broadcast is copied.
func TestEverything(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	const hosts, bounces = 3, 30
	l := newLAN(t, hosts)
	published := l.addNATS(t)
	for i, h := range l.hosts {
		h.start(t, everywhere(l, i))
	}
	for _, h := range l.hosts {
		h.await(t, &h.log, "connected to NATS server", 3)
	}
	frame := message("IPv4", l.hosts[0].mac)
	for range bounces {
		l.send(t, frame)
		ip := wire.ParseIP(frame[wire.EthernetLen:])
		ip.SetTTL(ip.TTL() - 1)
	}
	if got, want := settled(&l.datagrams, hosts-1), hosts-1; got != want {
		t.Errorf("%d datagrams on the wire, want %d", got, want)
	}
	if got := settled(published, 1); got != 1 {
		t.Errorf("%d messages at the NATS server, want 1", got)
	}
	if got := settled(&l.ptbs, 2*bounces); got != 2*bounces {
		t.Errorf("%d messages on the wire, want the %d that were sent and as many broadcasts", got, bounces)
	}
	for i, h := range l.hosts {
		want := 1
		if i == 0 {
			want = 0 // it published the message itself
		}
		if got := strings.Count(h.stdout.String(), "203.0.113.1 transmitting"); got != want {
			t.Errorf("host %d got the message %d times, want %d:\n%s", i, got, want, &h.stdout)
		}
	}
}

// everywhere returns a configuration in which host i sends all by all means.
func everywhere(l *lan, i int) string {
	var first, second []string
	for j := range l.hosts {
		first = append(first, first4(j))
		if j != i {
			second = append(second, second4(j))
		}
	}
	relay := func(addresses []string) string {
		return `{type: relay, key: a text that is long enough, peers: ["` + strings.Join(addresses, `", "`) + `"]}`
	}
	publish := fmt.Sprintf("{type: nats, servers: %q, key: a text that is long enough}", natsAddress)
	return `pipelines:
  send:
    sources: [{type: pcap, interface: eth0}]
    filters: [{type: icmp-ptb}]
    sinks: [{type: broadcast, interface: eth0}, ` + relay(first) + `, ` + publish + `]
  receive:
    sources: [{type: relay, key: a text that is long enough}, ` + publish + `]
    sinks:
      - {type: log}
      - {type: broadcast, interface: eth0}
      - {type: peers, unlimited: true, addresses: ["` + strings.Join(second, `", "`) + `"]}
      - ` + relay(second) + `
      - ` + publish + `
`
}

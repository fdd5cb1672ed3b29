package circles_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// TestRelays has three hosts that relay all that they capture, and, wrongly, all that comes
// from a relay, to each other's addresses by the same and by other sinks. One message
// reaches each other host once, in one datagram, also when the network returns it to a
// host with an ever lower TTL.
func TestRelays(t *testing.T) {
	const hosts, bounces = 3, 30
	l := newLAN(t, hosts)
	for i, h := range l.hosts {
		h.start(t, relayConfig(l, i))
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
	for i, h := range l.hosts {
		if got := strings.Count(h.stdout.String(), "203.0.113.1 transmitting"); i > 0 && got != 1 {
			t.Errorf("host %d got the message %d times:\n%s", i, got, &h.stdout)
		}
	}
	if got := l.ptbs.Load(); got != bounces {
		t.Errorf("%d messages on the wire, want the %d that were sent", got, bounces)
	}
}

// relayConfig has a key for all hosts, and the addresses of all of them but the one that
// stands for host i itself, which the sink skips.
func relayConfig(l *lan, i int) string {
	var first, second []string
	for j := range l.hosts {
		first = append(first, first4(j))
		if j != i {
			second = append(second, second4(j))
		}
	}
	sink := func(addresses []string) string {
		return `{type: relay, key: a text that is long enough, peers: ["` + strings.Join(addresses, `", "`) + `"]}`
	}
	return `pipelines:
  send: {sources: [{type: pcap, interface: eth0}], filters: [{type: icmp-ptb}], sinks: [` + sink(first) + `]}
  receive:
    sources: [{type: relay, key: a text that is long enough}]
    sinks: [{type: log}, ` + sink(second) + `, {type: broadcast, interface: eth0}, {type: peers, unlimited: true, addresses: ["` + strings.Join(second, `", "`) + `"]}]
`
}

// TestKeyRotation gives two hosts a new key, step by step and one after the other. Between
// any two steps they understand each other.
func TestKeyRotation(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	l := newLAN(t, 2)
	config := func(i int, keys string) string {
		return `pipelines:
  send: {sources: [{type: pcap, interface: eth0}], filters: [{type: icmp-ptb}], sinks: [{type: relay, key: ` + keys + `, peers: ` + first4(1-i) + `}]}
  receive: {sources: [{type: relay, key: ` + keys + `}], sinks: [{type: log}]}
`
	}
	const old, renewed = "the text of the old key", "the text of the new key"
	mtu := uint32(1000)
	exchange := func() {
		t.Helper()
		for i, h := range l.hosts {
			mtu++
			l.send(t, pipelinetest.PTB{DstMAC: h.mac, MTU: mtu}.Frame())
			other := l.hosts[1-i]
			other.await(t, &other.stdout, fmt.Sprintf("mtu=%d ", mtu), 1)
		}
	}
	for i, h := range l.hosts {
		h.start(t, config(i, old))
	}
	exchange()
	for _, keys := range []string{"[" + old + ", " + renewed + "]", "[" + renewed + ", " + old + "]", renewed} {
		for i, h := range l.hosts {
			h.reload(t, config(i, keys))
			exchange()
		}
	}
	// And the old one is not accepted any more.
	l.hosts[0].reload(t, config(0, old))
	mtu++
	l.send(t, pipelinetest.PTB{DstMAC: l.hosts[0].mac, MTU: mtu}.Frame())
	settled(&l.datagrams, 1)
	if strings.Contains(l.hosts[1].stdout.String(), fmt.Sprintf("mtu=%d ", mtu)) {
		t.Error("the old key is accepted")
	}
}

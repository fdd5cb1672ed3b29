package circles_test

import (
	"encoding/binary"
	"strings"
	"testing"
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
		lowerTTL(frame[14:])
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

// lowerTTL does what a router does to an IPv4 header.
func lowerTTL(ip []byte) {
	ip[8]--
	sum := uint32(binary.BigEndian.Uint16(ip[10:])) + 0x100
	binary.BigEndian.PutUint16(ip[10:], uint16(sum+sum>>16))
}

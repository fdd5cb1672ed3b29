package scale

import "math"

// Limit is what a filter `iface-rate` is set to: packets per second, and at once after a
// pause.
type Limit struct{ Rate, Burst float64 }

// recommended is the sending limit of configs/recommended.yaml and relay.yaml, and leastBurst the smallest burst
// with which fair_by works at any rate below its own.
var recommended = Limit{Rate: 500, Burst: 900}

const leastBurst = 12

// Budget is how many packets per second a server may send to all others, and get from all
// others, with the advised limits.
const Budget = 50_000

// receiving is the limit of the receiving side in configs/relay.yaml, whatever the number of
// servers: no less than what all others send together with theirs.
var receiving = Limit{Rate: Budget, Burst: 1.9 * Budget}

// Advise returns the limit for the sending side of each of so many servers.
func Advise(servers int) Limit {
	rate := max(1, min(recommended.Rate, math.Floor(Budget/float64(servers-1))))
	burst := math.Ceil(rate * recommended.Burst / recommended.Rate)
	return Limit{Rate: rate, Burst: max(leastBurst, burst)}
}

// transport is a way to hand messages on.
type transport struct {
	// toEach is whether a server sends a packet to each peer; otherwise it sends one to
	// all, which the LAN multiplies.
	toEach bool
	// length is that of a PTB on the wire, in bytes, with its Ethernet header.
	length int
}

// Lengths of headers and of the longest IPv4 PTB (RFC 1812, section 4.3.2.3).
const (
	ethernet = 14
	ipv4     = 20
	udp      = 8
	sealing  = 52 // pipeline/sealed
	ptb      = 576
)

// transports are the sinks broadcast, peers and relay.
var transports = []transport{
	{length: ethernet + ptb},
	{toEach: true, length: ethernet + ptb},
	{toEach: true, length: ethernet + ipv4 + udp + sealing + ptb},
}

// load is what one server has to bear: packets per second, those received in the first
// second, while bursts are used up, and Mbit/s received.
type load struct{ sent, received, first, mbps float64 }

// load returns that of each of so many servers, which all get more forged messages than
// their limit lets pass.
func (t transport) load(servers int, limit Limit) load {
	peers := float64(servers - 1)
	l := load{sent: limit.Rate, received: limit.Rate * peers, first: (limit.Rate + limit.Burst) * peers}
	if t.toEach {
		l.sent *= peers
	}
	l.mbps = l.received * float64(t.length) * 8 / 1e6
	return l
}

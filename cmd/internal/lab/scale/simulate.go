package scale

import (
	"cmp"
	"maps"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// Attack is a flood of forged messages, and what comes meanwhile.
type Attack struct {
	// Each is the number of forged messages per second that each server gets.
	Each float64
	// Clients is the number of clients that begin a download at once behind one router.
	// All messages about them come to one server, and are about connections of another.
	Clients int
}

// Outcome is what came of the clients.
type Outcome struct {
	// Healed is the number of clients, out of Clients, whose server got a message.
	Healed, Clients int
	// Within is the time after which 99 of 100 clients were healed.
	Within time.Duration
}

// Never is the time of what did not happen.
const Never = time.Duration(math.MaxInt64)

// Times of the simulation: when it begins, when the clients begin after that, since bursts
// are used up then, and how far apart.
const (
	epoch  = 365 * 24 * time.Hour
	calm   = 2 * time.Second
	spread = 10 * time.Millisecond
)

// repeats are the times at which TCP sends again what gets no answer: each brings a PTB.
var repeats = []time.Duration{
	0, 200 * time.Millisecond, 600 * time.Millisecond, 1400 * time.Millisecond, 3000 * time.Millisecond, 6200 * time.Millisecond,
}

// Of genuine messages.
var (
	vip    = netip.MustParseAddrPort("203.0.113.80:80")
	router = netip.MustParseAddr("203.0.113.1")
)

// Simulate takes messages through the filters of configs/relay.yaml, in their own
// time: at the server that the genuine ones come to, and at the receiving side, which gets
// what all servers send. The same seed gives the same messages.
func Simulate(servers int, sending, receiving Limit, attack Attack, seed uint64) (Outcome, error) {
	sender, err := side("send", sending)
	if err != nil {
		return Outcome{}, err
	}
	receiver, err := side("receive", receiving)
	if err != nil {
		return Outcome{}, err
	}
	s := &simulation{
		sender: sender, receiver: receiver, random: rand.New(rand.NewPCG(seed, seed)),
		forged: flood.Forger{Target: vip}.Frames(1)[0], healed: map[int]time.Duration{},
	}
	floods := []event{
		{every: spacing(attack.Each), happens: s.forge(sender)},
		{every: spacing(min(attack.Each, sending.Rate) * float64(servers-2)), happens: s.forge(receiver)},
	}
	if err := play(floods, s.downloads(attack.Clients)); err != nil {
		return Outcome{}, err
	}
	return s.outcome(attack.Clients), nil
}

// spacing returns the time between events of a rate per second.
func spacing(rate float64) time.Duration { return time.Duration(float64(time.Second) / rate) }

// event is something that happens at a time, and again and again if every is not 0.
type event struct {
	at, every time.Duration
	happens   func(at time.Duration) error
}

// play has floods and genuine messages, which are in order, happen at their times, until
// there are no more genuine ones.
func play(floods, genuine []event) error {
	for len(genuine) > 0 {
		next := &genuine[0]
		for i := range floods {
			if floods[i].at < next.at {
				next = &floods[i]
			}
		}
		if err := next.happens(next.at); err != nil {
			return err
		}
		if next == &genuine[0] {
			genuine = genuine[1:]
		}
		next.at += next.every
	}
	return nil
}

type simulation struct {
	sender, receiver *pipeline.Offline
	random           *rand.Rand
	forged           []byte
	healed           map[int]time.Duration // how long it took, by client
}

// forge returns an event in which one side gets a forged message.
func (s *simulation) forge(to *pipeline.Offline) func(time.Duration) error {
	return func(at time.Duration) error {
		flood.ForgeBy(s.random.Uint64, s.forged)
		_, err := passes(to, s.forged, at)
		return err
	}
}

// downloads returns the genuine messages in order.
func (s *simulation) downloads(clients int) (messages []event) {
	for client := range clients {
		begin := calm + time.Duration(s.random.Int64N(int64(spread)))
		for _, repeat := range repeats {
			messages = append(messages, event{at: begin + repeat, happens: func(at time.Duration) error {
				return s.genuine(client, repeat, at)
			}})
		}
	}
	slices.SortFunc(messages, func(a, b event) int { return cmp.Compare(a.at, b.at) })
	return messages
}

// genuine takes a message about a client through both sides, unless it is healed already.
func (s *simulation) genuine(client int, after, at time.Duration) error {
	if _, healed := s.healed[client]; healed {
		return nil
	}
	frame := pipelinetest.PTB{
		Router: router, Target: vip.Addr(), SrcPort: vip.Port(),
		Client: netip.AddrFrom4([4]byte{100, 64, byte(client >> 8), byte(client)}),
	}.Frame()
	for _, side := range []*pipeline.Offline{s.sender, s.receiver} {
		if passed, err := passes(side, frame, at); err != nil || !passed {
			return err
		}
	}
	s.healed[client] = after
	return nil
}

// passes reports whether a frame passes one side's filters.
func passes(side *pipeline.Offline, frame []byte, at time.Duration) (bool, error) {
	p := []pipeline.Packet{{Data: frame, Length: len(frame), LinkType: linklayer.Ethernet, Time: pipeline.Instant(epoch + at)}}
	p[0].Decode()
	_, err := side.Decide(p, nil)
	return p[0].Verdict.Forward(), err
}

func (s *simulation) outcome(clients int) Outcome {
	o := Outcome{Healed: len(s.healed), Clients: clients, Within: Never}
	times := slices.Sorted(maps.Values(s.healed))
	if needed := (clients*99 + 99) / 100; len(times) >= needed {
		o.Within = times[needed-1]
	}
	return o
}

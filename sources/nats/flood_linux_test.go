package nats_test

import (
	"flag"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

var garbage = flag.Int("garbage", 50_000, "messages of TestGarbage")

// TestGarbage publishes random bytes, and genuine messages among them. Each is counted or
// delivered, and none costs memory.
func TestGarbage(t *testing.T) {
	const each = 1000 // garbage for a genuine one; as many wait at most
	s := settings(t)
	natsserver.StartProcess(t, listen)
	in := start(t, s, pipelinetest.Env(t))
	pipelinetest.Eventually(t, func() bool { return in.Measured("connected", "") == 1 })
	out := newPublisher(t, secret)
	random := rand.New(rand.NewPCG(1, 2))
	message := make([]byte, 600)
	received := func() float64 { return in.Measured("received_messages_total", "") }
	before := memory()
	genuine := *garbage / each
	for i := range genuine {
		for range each {
			b := message[:1+random.IntN(len(message))]
			for j := range b {
				b[j] = byte(random.Uint32())
			}
			netns.Must(t, out.conn.Publish(out.subject, b))
		}
		out.publish(out.seal(uint16(i)))
		pipelinetest.Eventually(t, func() bool { return received() == float64((i+1)*(each+1)) })
		if id := in.ID(t); int(id) != i {
			t.Fatalf("packet %d, want %d", id, i)
		}
	}
	refused := 0.0
	for _, reason := range []string{"malformed", "other-version", "not-sealed", "unknown-key", "forged"} {
		refused += in.refused(reason)
	}
	if refused != float64(genuine*each) || in.Lost() != 0 {
		t.Errorf("%v refused, want %d", refused, genuine*each)
	}
	grown := memory() - before
	if grown > 8<<20 {
		t.Errorf("%d bytes of memory more", grown)
	}
	t.Logf("%d messages, %d genuine ones delivered, %d bytes of memory more", genuine*each, genuine, grown)
}

func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

package fair_test

import (
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit/fair"
)

// TestRemembers asks a limiter without credit what it knows of a key after so many
// others have asked: it is remembered as long as seven eighths of the memory last.
func TestRemembers(t *testing.T) {
	const size = 1024
	const eighth, once = size / 8, -1
	for _, tc := range []struct {
		name      string
		before    int // others until the key asked first
		others    int // others since then
		between   int // of these, until the key asked for the second time
		remembers bool
	}{
		{"asked once", 0, size - 1, once, true},
		{"asked once, too long ago", 0, size, once, false},
		{"asked again at once, too long ago", 0, size, 0, false},
		{"asked again while new", 0, size - 1, eighth - 1, true},
		{"asked again while new, too long ago", 0, size, eighth - 1, false},
		{"asked again while no more new", 0, size, eighth, true},
		{"asked again later", 0, eighth + 1 + size - 1, eighth + 1, true},
		{"asked again later, too long ago", 0, eighth + 1 + size, eighth + 1, false},
		// The key is in the last place of the ring, or in one behind which it ends soon.
		{"in the last place, asked again while new, too long ago", size - 2, size, eighth - 1, false},
		{"in the last place, asked again while no more new", size - 2, size, eighth, true},
		{"in a late place, asked again while new, too long ago", size - 20, size, eighth - 1, false},
		{"in a late place, asked again while no more new", size - 20, size, eighth, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			l, err := fair.New(1000, 20, size)
			if err != nil {
				t.Fatal(err)
			}
			for range 20 {
				l.Allows(1, 0)
				l.Charge(0)
			}
			refuse := func(key uint64) {
				if l.Allows(hash(key), 0) {
					t.Fatal("passed without credit")
				}
			}
			for other := range tc.before {
				refuse(uint64(1_000_000 + other))
			}
			refuse(2)
			for other := range tc.others {
				if other == tc.between {
					refuse(2)
				}
				refuse(uint64(3 + other))
			}
			known := !strings.Contains(l.Describe(hash(2), 0), "a newcomer needs")
			if known != tc.remembers {
				t.Errorf("remembered: %v, want %v", known, tc.remembers)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	l, err := fair.New(10, 20, 10)
	if err != nil {
		t.Fatal(err)
	}
	expect := func(key uint64, at pipeline.Instant, want string) {
		t.Helper()
		if got := l.Describe(key, at); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	expect(1, 0, "credit for 20.00 of 20.00 packets")
	for range 20 {
		l.Allows(1, 0)
		l.Charge(0)
	}
	expect(1, 0, "credit for 0.00 of 20.00 packets")
	l.Allows(2, 0)
	expect(1, 50*millisecond, "credit for 0.50 of 20.00 packets; in this shortage one that was served 50ms ago needs 19.10")
	expect(2, 200*millisecond, "credit for 2.00 of 20.00 packets; in this shortage a newcomer at repetition 1 needs 9.09")
	expect(3, 200*millisecond, "credit for 2.00 of 20.00 packets; in this shortage a newcomer needs 12.58")
	expect(1, 2*second, "credit for 20.00 of 20.00 packets")
}

func TestAllocatesNothing(t *testing.T) {
	l := limiter(t, 1000, 0)
	random, at := rand.New(rand.NewPCG(12, 12)), pipeline.Instant(0)
	if n := testing.AllocsPerRun(3, func() {
		for range 10_000 {
			at += 10_000
			if l.Allows(random.Uint64(), at) {
				l.Charge(at)
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestMemory checks what the documentation says: 40 bytes for each key.
func TestMemory(t *testing.T) {
	for _, n := range []int{1 << 16, 100_000} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		l, err := fair.New(1000, 0, n)
		runtime.ReadMemStats(&after)
		if err != nil {
			t.Fatal(err)
		}
		runtime.KeepAlive(l)
		if each := float64(after.TotalAlloc-before.TotalAlloc) / float64(n); each > 40.3 {
			t.Errorf("%d keys take %.1f bytes each", n, each)
		}
	}
}

// BenchmarkAllows measures a packet in a shortage: of a newcomer, as in a flood of
// forged keys, and of keys that are remembered, many or few.
func BenchmarkAllows(b *testing.B) {
	for _, bc := range []struct {
		name string
		keys int
	}{
		{"newcomers", 1 << 20},
		{"65536 keys", 1 << 16},
		{"1024 keys", 1 << 10},
	} {
		b.Run(bc.name, func(b *testing.B) {
			l := limiter(b, 1000, 0)
			hashes := make([]uint64, bc.keys)
			for i := range hashes {
				hashes[i] = hash(uint64(i))
			}
			at, i := pipeline.Instant(0), 0
			next := func() {
				at += 10_000
				if i++; i == len(hashes) {
					i = 0
				}
				if l.Allows(hashes[i], at) {
					l.Charge(at)
				}
			}
			for range 2 * keys {
				next()
			}
			b.ReportAllocs()
			for b.Loop() {
				next()
			}
		})
	}
}

package limit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/limit"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// number is a key.
type number int

func (n number) Hash(seed limit.Seed) uint64 { return uint64(n) * (seed[0] | 1) }

// alike returns the n-th of numbers of which every eighth has the hash of zero.
func alike(n int) number {
	if n%8 == 0 {
		return number(n) << 32
	}
	return number(n)
}

// model is a table in the plainest way: values by key, and the keys in the order
// of setting.
type model struct {
	size   int
	values map[number]int
	order  []number
}

func (m *model) set(key number, value int) {
	if i := slices.Index(m.order, key); i >= 0 {
		m.order = slices.Delete(m.order, i, i+1)
	} else if len(m.order) == m.size {
		delete(m.values, m.order[0])
		m.order = m.order[1:]
	}
	m.order = append(m.order, key)
	m.values[key] = value
}

func TestTableAgainstModel(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 7, 8, 64, 100, 300} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(size), 5))
			table := limit.NewTable[number, int](size)
			m := model{size: size, values: map[number]int{}}
			for i := range 20000 {
				key := alike(random.IntN(1 + random.IntN(3*size))) // some keys more often than others
				ref, value, ok := table.Find(key)
				if want, wantOK := m.values[key]; value != want || ok != wantOK {
					t.Fatalf("step %d: key %d has %d, %v, want %d, %v", i, key, value, ok, want, wantOK)
				}
				oldest, full := table.Oldest()
				if want := len(m.order) == size; full != want || full && oldest != m.values[m.order[0]] {
					t.Fatalf("step %d: oldest value %d, full %v, want %v", i, oldest, full, want)
				}
				if random.IntN(2) == 0 {
					table.Set(ref, key, i)
					m.set(key, i)
				}
				if table.Len() != len(m.order) {
					t.Fatalf("step %d: length %d, want %d", i, table.Len(), len(m.order))
				}
			}
			for n := range 3 * size {
				key := alike(n)
				_, value, ok := table.Find(key)
				if want, wantOK := m.values[key]; value != want || ok != wantOK {
					t.Errorf("at the end: key %d has %d, %v, want %d, %v", key, value, ok, want, wantOK)
				}
			}
		})
	}
}

func TestTableHasRoomForOne(t *testing.T) {
	for _, size := range []int{-1, 0, 1} {
		table := limit.NewTable[number, int](size)
		for i, key := range []number{1, 2, 2} {
			ref, _, _ := table.Find(key)
			table.Set(ref, key, i)
		}
		if _, _, ok := table.Find(1); ok {
			t.Errorf("size %d: the older key is still there", size)
		}
		if _, value, ok := table.Find(2); value != 2 || !ok {
			t.Errorf("size %d: the newer key has %d, %v", size, value, ok)
		}
	}
}

// TestChains fills tables with keys whose hashes spread evenly: looking for a key takes two
// steps at most, and chains that are not needed yet take no room in a cache.
func TestChains(t *testing.T) {
	for _, size := range []int{1, 63, 64, 1000, 1024} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			table := limit.NewTable[number, int](size)
			for n := 1; n <= size; n++ {
				ref, _, _ := table.Find(number(n))
				table.Set(ref, number(n), n)
				chains, longest := table.Chains()
				if chains&(chains-1) != 0 || chains > size || chains > 64 && chains >= 2*n || longest > 2 {
					t.Fatalf("%d keys have %d chains, the longest of %d", n, chains, longest)
				}
			}
			if chains, _ := table.Chains(); 2*chains <= size {
				t.Errorf("a full table has %d chains", chains)
			}
		})
	}
}

func TestTableAllocatesNothing(t *testing.T) {
	table := limit.NewTable[key.Key, limit.Bucket](100)
	keys := routers(1000)
	if n := testing.AllocsPerRun(3, func() {
		for _, k := range keys {
			ref, b, _ := table.Find(k)
			table.Set(ref, k, b+1)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// routers returns n different keys, half of them of IPv6 addresses.
func routers(n int) []key.Key {
	byRouter, err := key.New("key", key.Fields{key.Router}, key.DefaultPrefixes())
	if err != nil {
		panic(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	keys := make([]key.Key, n)
	for i := range keys {
		data := make([]byte, 40)
		data[0] = 0x45 + byte(i%2)*0x20
		for j := 8; j < 24; j++ {
			data[j] = byte(random.Uint32())
		}
		p := pipeline.Packet{Data: data, LinkType: linklayer.Raw}
		p.Decode()
		keys[i] = byRouter.Key(&p)
	}
	return keys
}

// BenchmarkTable measures what src-rate asks of its table: a look-up of a key that
// is there, of one that is not, and a setting that makes the oldest go.
func BenchmarkTable(b *testing.B) {
	for _, size := range []int{250, 10_000, 65_536, 1_000_000} {
		all := routers(2 * size)
		known, unknown := all[:size], all[size:]
		table := limit.NewTable[key.Key, limit.Bucket](size)
		set := func(k key.Key) {
			ref, _, _ := table.Find(k)
			table.Set(ref, k, 1)
		}
		find := func(b *testing.B, keys []key.Key) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				table.Find(keys[i])
				if i++; i == len(keys) {
					i = 0
				}
			}
		}
		for _, k := range known {
			set(k)
		}
		b.Run(fmt.Sprintf("known/%d", size), func(b *testing.B) { find(b, known) })
		b.Run(fmt.Sprintf("unknown/%d", size), func(b *testing.B) { find(b, unknown) })
		b.Run(fmt.Sprintf("churn/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				set(all[i])
				if i++; i == len(all) {
					i = 0
				}
			}
		})
	}
}

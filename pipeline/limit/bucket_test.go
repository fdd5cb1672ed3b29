package limit_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/limit"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestNewRateRefuses(t *testing.T) {
	for _, tc := range []struct {
		name        string
		rate, burst float64
		setting     string
	}{
		{"just too large", 1e9 + 1, 0, "rate"},
		{"burst just too large, that refills in a moment", 1e9, 1e9 + 1, "burst"},
		{"nan", math.NaN(), 0, "rate"},
		{"infinity", math.Inf(1), 0, "rate"},
		{"negative infinity", math.Inf(-1), 0, "rate"},
		{"negative", -1, 0, "rate"},
		{"zero", 0, 0, "rate"},
		{"tiny", 1e-9, 0, "rate"},
		{"just too small", 0.00099, 0, "rate"},
		{"1e10", 1e10, 0, "rate"},
		{"burst nan", 1, math.NaN(), "burst"},
		{"burst infinity", 1, math.Inf(1), "burst"},
		{"burst negative", 1, -1, "burst"},
		{"burst below one packet", 1, 0.9, "burst"},
		{"burst too large", 1, 1e10, "burst"},
		{"burst that never refills", 0.001, 1e9, "burst"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := limit.NewRate(tc.rate, tc.burst)
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != tc.setting {
				t.Errorf("error %v, want one about %s", err, tc.setting)
			}
			if err != nil && strings.ContainsAny(err.Error(), "\n!") {
				t.Errorf("error %q is not one line of text", err)
			}
		})
	}
}

// TestNewRateBounds has the highest values that are taken, and what those above are told.
func TestNewRateBounds(t *testing.T) {
	for _, tc := range []struct {
		rate, burst float64
		want        string // error
	}{
		{0.001, 0, ""},
		{1e9, 0, ""},
		{1000, 1e9, ""},
		{1000, 1, ""},
		{1e9 / (1 << 32), 1 << 29, ""}, // 2^61 ns until it has refilled
		{1e10, 0, "rate: 1e+10 is not between 0.001 and 1000000000 packets per second"},
		{1000, 1e10, "burst: 1e+10 is not between 1 and 1000000000 packets"},
		{0.001, 1e9, "burst: 1e+09 packets at 0.001 per second would take centuries to refill"},
	} {
		got := ""
		if _, err := limit.NewRate(tc.rate, tc.burst); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("rate %v, burst %v: error %q, want %q", tc.rate, tc.burst, got, tc.want)
		}
	}
}

// attempt is a packet at a time in milliseconds, and whether it is to pass.
type attempt struct {
	at   float64
	pass bool
}

func TestBucket(t *testing.T) {
	for _, tc := range []struct {
		name        string
		rate, burst float64
		attempts    []attempt
	}{
		{"1 pps: 1.9 packets at once, then one a second", 1, 0, []attempt{
			{0, true},
			{0, false},
			{99, false},
			{100, true},
			{1099, false},
			{1100, true},
			{2100, true},
			{9000, true},
			{9099, false},
			{9100, true},
		}},
		{"10 pps: 19 at once", 10, 0, append(repeat(19, attempt{0, true}), attempt{0, false}, attempt{99, false}, attempt{100, true}, attempt{100, false})},
		{"burst of 3", 1, 3, []attempt{{0, true}, {0, true}, {0, true}, {0, false}, {1000, true}, {1999, false}, {2000, true}}},
		{"burst of 1", 2, 1, []attempt{{0, true}, {499, false}, {500, true}, {999, false}, {1000, true}}},
		{"0.526 pps has room for one", 0.526, 0, []attempt{{0, true}, {1901, false}, {1902, true}}},
		{"0.5 pps: one, then one in two seconds", 0.5, 0, []attempt{{0, true}, {1999, false}, {2000, true}, {3999, false}, {4000, true}}},
		{"0.1 pps: one, then one in ten seconds", 0.1, 0, []attempt{{0, true}, {9999, false}, {10000, true}, {19999, false}, {20000, true}}},
		{"0.001 pps: one, then one in 1000 seconds", 0.001, 0, []attempt{{0, true}, {999999, false}, {1000000, true}}},
		{"refused attempts cost nothing", 1, 1, []attempt{{0, true}, {500, false}, {900, false}, {999, false}, {1000, true}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rate, err := limit.NewRate(tc.rate, tc.burst)
			if err != nil {
				t.Fatal(err)
			}
			bucket := limit.Full
			got := make([]attempt, len(tc.attempts))
			for i, a := range tc.attempts {
				now := pipeline.Instant(1e18) + pipeline.Instant(a.at*1e6)
				got[i] = attempt{a.at, rate.Has(bucket, now)}
				if got[i].pass {
					bucket = rate.Charge(bucket, now)
				}
			}
			if diff := cmp.Diff(tc.attempts, got, cmp.AllowUnexported(attempt{})); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
		})
	}
}

func repeat(n int, a attempt) []attempt {
	out := make([]attempt, n)
	for i := range out {
		out[i] = a
	}
	return out
}

// TestBucketAgainstModel compares a bucket, at random rates and times, with one
// that counts its credit up and down.
func TestBucketAgainstModel(t *testing.T) {
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 9))
		pps, burst := math.Pow(10, random.Float64()*9-3), 1+random.Float64()*20
		rate, err := limit.NewRate(pps, burst)
		if err != nil {
			t.Fatal(err)
		}
		cost := int64(1e9 / pps)
		capacity := int64(burst * float64(cost))
		now, bucket, credit := pipeline.Instant(random.Int64N(2e18))-1e18, limit.Full, capacity
		for i := range 2000 {
			pass := rate.Has(bucket, now)
			if want := credit >= cost; pass != want {
				t.Fatalf("%v pps, burst %v, attempt %d: pass %v with credit %d of %d", pps, burst, i, pass, credit, cost)
			}
			if pass {
				bucket = rate.Charge(bucket, now)
				credit -= cost
			}
			gap := int64(random.ExpFloat64() * float64(cost))
			now += pipeline.Instant(gap)
			credit = min(credit+gap, capacity)
		}
	}
}

func TestReadyAt(t *testing.T) {
	rate, err := limit.NewRate(2, 1)
	if err != nil {
		t.Fatal(err)
	}
	charged := rate.Charge(limit.Full, 1000)
	if at := rate.ReadyAt(charged); at != 1000+500_000_000 || rate.Has(charged, at-1) || !rate.Has(charged, at) {
		t.Errorf("ready at %d", at)
	}
	if at := rate.ReadyAt(limit.Full); at != math.MinInt64 || !rate.Has(limit.Full, at) {
		t.Errorf("a full bucket is ready at %d", at)
	}
}

func TestHasBeyond(t *testing.T) {
	rate, err := limit.NewRate(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	charged := rate.Charge(limit.Full, 0) // room for 2 packets, and one more at 500 ms
	for _, tc := range []struct {
		now   pipeline.Instant
		parts int64
		want  bool
	}{
		{0, 0, true},
		{0, 1024, true},
		{0, 1025, false},
		{249_999_999, 1536, false},
		{250_000_000, 1536, true},
		{500_000_000, 2048, true},
		{500_000_000, 2049, false},
		{math.MaxInt64 / 4, 2049, false},
	} {
		if got := rate.HasBeyond(charged, tc.now, tc.parts); got != tc.want {
			t.Errorf("at %d, %d parts: %v", tc.now, tc.parts, got)
		}
	}
}

func TestRefilledBucketIsLikeAFullOne(t *testing.T) {
	rate, err := limit.NewRate(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	charged := rate.Charge(limit.Full, 0)
	if rate.Refilled(charged, 499_999_999) {
		t.Error("full before its time")
	}
	if !rate.Refilled(charged, 500_000_000) || !rate.Refilled(limit.Full, math.MinInt64/2) {
		t.Error("not full")
	}
	if got, want := rate.Charge(charged, 500_000_000), rate.Charge(limit.Full, 500_000_000); got != want {
		t.Errorf("bucket %d, want %d as of a full one", got, want)
	}
}

func TestDescribe(t *testing.T) {
	rate, err := limit.NewRate(2, 3)
	if err != nil {
		t.Fatal(err)
	}
	charged := rate.Charge(limit.Full, 0)
	for bucket, want := range map[limit.Bucket]string{limit.Full: "3.00 of 3.00 packets", charged: "2.20 of 3.00 packets"} {
		if got := rate.Describe(bucket, 100_000_000); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

package lab

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDealIsFair(t *testing.T) {
	d := newDeal(8, 3)
	taken := 0
	for range 5 {
		for _, server := range []string{"a", "a", "b", "c"} {
			if d.take(server) {
				taken++
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"a": 3, "b": 3, "c": 2}, d.got); diff != "" || taken != 8 {
		t.Errorf("%d connections by server (-want +got):\n%s", taken, diff)
	}
}

func TestDealUsesEachPortOnce(t *testing.T) {
	d := newDeal(1, 1)
	client := netip.MustParseAddr("198.51.100.2")
	for want := firstPort; want < 1<<16; want++ {
		from, err := d.from(client)
		if err != nil || from.Addr() != client || int(from.Port()) != want {
			t.Fatalf("got %v, %v; want port %d", from, err, want)
		}
	}
	if from, err := d.from(client); err == nil || !strings.HasPrefix(err.Error(), "no more ports for 198.51.100.2") {
		t.Errorf("got %v, %v", from, err)
	}
	if from, err := d.from(client.Next()); err != nil || from.Port() != firstPort {
		t.Errorf("another client gets %v, %v", from, err)
	}
}

package nflog

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/mdlayher/netlink"
)

func TestTuning(t *testing.T) {
	const large = 65536
	for _, tc := range []struct {
		name      string
		threshold Threshold
		timeout   time.Duration
		heavy     bool
		want      tuning
	}{
		{"adaptive, at rest", Adaptive, 0, false, tuning{1, minNetlinkBuffer, 0}},
		{"adaptive, under load", Adaptive, 0, true, tuning{busyThreshold, large, 0}},
		{"one, at rest", 1, 0, false, tuning{1, minNetlinkBuffer, 0}},
		{"one, under load", 1, 0, true, tuning{1, minNetlinkBuffer, 0}},
		{"two, at rest", 2, 0, false, tuning{2, large, 0}},
		{"two, under load", 2, 0, true, tuning{2, large, 0}},
		{"highest", 65535, 0, true, tuning{65535, large, 0}},
		{"timeout, one tick", 2, tick, false, tuning{2, large, 1}},
		{"timeout, rounded up", 2, tick + 1, false, tuning{2, large, 2}},
		{"timeout, shortest", 2, 1, false, tuning{2, large, 1}},
		{"timeout, longest", 2, time.Hour, false, tuning{2, large, 360_000}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := Settings{Threshold: tc.threshold, Timeout: tc.timeout, NetlinkBuffer: large}
			if got := s.tuning(tc.heavy); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

// TestTuningMessage compares with struct nfgenmsg and the attributes of enum nfulnl_attr_config
// behind it: lengths and types in the host's byte order, values in network byte order.
func TestTuningMessage(t *testing.T) {
	m := tuning{threshold: 500, netlinkBuffer: 131072, ticks: 3}.message(0x0102)
	attributes := netlink.NewAttributeEncoder()
	attributes.ByteOrder = binary.BigEndian
	attributes.Uint32(3, 131072)
	attributes.Uint32(4, 3)
	attributes.Uint32(5, 500)
	encoded, err := attributes.Encode()
	if err != nil {
		t.Fatal(err)
	}
	want := append([]byte{0, 0, 1, 2}, encoded...) // no family, version 0, the group
	if diff := cmp.Diff(want, m.Data); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}
	if m.Header.Type != 0x0401 || m.Header.Flags != netlink.Request {
		t.Errorf("header %+v", m.Header)
	}
}

package pipeline_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

func TestNewPacket(t *testing.T) {
	data := []byte{0x45, 0, 0, 20}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))
	got := pipeline.NewPacket(data, linklayer.Raw, at)
	want := pipeline.Packet{Data: data, Length: 4, Time: 1767319445000000006, LinkType: linklayer.Raw}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("packet (-want +got):\n%s", diff)
	}
	if &got.Data[0] != &data[0] || got.Truncated() {
		t.Errorf("its bytes are a copy, or cut")
	}
}

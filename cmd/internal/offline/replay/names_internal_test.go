package replay

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNames(t *testing.T) {
	for _, tc := range []struct{ paths, want []string }{
		{[]string{"a.pcap", "b.pcap"}, []string{"a.pcap", "b.pcap"}},
		{[]string{"/x/y/a.pcap", "/x/y/b.pcap"}, []string{"a.pcap", "b.pcap"}},
		{[]string{"/x/y/a.pcap", "/x/yz/a.pcap"}, []string{"y/a.pcap", "yz/a.pcap"}},
		{[]string{"../x/a.pcap", "-", "../x/y/a.pcap"}, []string{"a.pcap", "-", "y/a.pcap"}},
		{[]string{"/a.pcap", "b.pcap"}, []string{"/a.pcap", "b.pcap"}},
		{nil, []string{}},
	} {
		if diff := cmp.Diff(tc.want, names(tc.paths)); diff != "" {
			t.Errorf("names of %q (-want +got):\n%s", tc.paths, diff)
		}
	}
}

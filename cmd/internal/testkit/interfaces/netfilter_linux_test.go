package interfaces_test

import (
	"testing"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// logPTBs has netfilter log the messages that come to the host, to group 33.
func (w *world) logPTBs(t *testing.T) {
	t.Helper()
	netns.Must(t, w.host.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := c.AddTable(&nftables.Table{Family: nftables.TableFamilyINet, Name: "test"})
		input := c.AddChain(&nftables.Chain{
			Name: "input", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookInput, Priority: nftables.ChainPriorityFilter,
		})
		for protocol, start := range map[byte][]byte{unix.IPPROTO_ICMP: {3, 4}, unix.IPPROTO_ICMPV6: {2, 0}} { // type, code
			c.AddRule(&nftables.Rule{Table: table, Chain: input, Exprs: []expr.Any{
				&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{protocol}},
				&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Len: uint32(len(start))},
				&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: start},
				&expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: 33},
			}})
		}
		return c.Flush()
	}))
}

package soak

import (
	"fmt"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// nflogGroup is the group that the pipeline logged reads.
const nflogGroup = 33

// logTable is the packet filter's table that logs the sound messages of IPv4.
func logTable() *nftables.Table {
	return &nftables.Table{Family: nftables.TableFamilyIPv4, Name: "soak"}
}

// logSound has the host count and log the messages of the router that speaks IPv4.
func (h *host) logSound() error {
	return h.Host.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := c.AddTable(logTable())
		chain := c.AddChain(&nftables.Chain{
			Name: "log", Table: table, Type: nftables.ChainTypeFilter,
			Hooknum: nftables.ChainHookPrerouting, Priority: nftables.ChainPriorityFilter,
		})
		const source, length = 12, 4 // in the IPv4 header
		c.AddRule(&nftables.Rule{Table: table, Chain: chain, Exprs: []expr.Any{
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseNetworkHeader, Offset: source, Len: length},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: router4.AsSlice()},
			&expr.Counter{},
			&expr.Log{Key: 1 << unix.NFTA_LOG_GROUP, Group: nflogGroup},
		}})
		return c.Flush()
	})
}

// logged returns how many messages the host has logged.
func (h *host) logged() (n uint64, err error) {
	err = h.Host.Do(func() error {
		c, err := nftables.New()
		if err != nil {
			return err
		}
		table := logTable()
		rules, err := c.GetRules(table, &nftables.Chain{Name: "log", Table: table})
		if err != nil {
			return err
		}
		for _, e := range rules[0].Exprs {
			if counter, ok := e.(*expr.Counter); ok {
				n = counter.Packets
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("read count of the packet filter: %w", err)
	}
	return n, nil
}

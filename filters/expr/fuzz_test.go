package expr_test

import (
	"strings"
	"testing"

	lib "github.com/expr-lang/expr"

	"github.com/pmtud/pmtud/filters/expr"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// FuzzExpr builds filters of any text. None panics; those that can be built decide
// about whole and cut packets without allocations, and as the library's own machine
// does where the languages are the same.
func FuzzExpr(f *testing.F) {
	for _, when := range []string{
		`router in "203.0.113.0/24" && mtu < 1400 && family == 6`,
		`proto in ["tcp", 17] or not (1280 <= mtu < 1500) and dst not in ["192.0.2.0/24", "::/0"]`,
		`sport in [80, 443, 8000..8080] && known(vlan) || quoted_length - mtu != -1 + +2`,
		`mtu in [1400, 1500] and dport == 40000`,
		`ttl > 5 ? let x = 1; x : filter([1], # > 0)`,
		"mtu == 0x578 // é\n && /* */ true",
	} {
		f.Add(when)
	}
	f.Fuzz(func(t *testing.T, when string) {
		filter, err := expr.New(expr.Settings{When: when}, pipelinetest.Env(t))
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") && !strings.Contains(when, "\n") {
				t.Errorf("error of several lines: %v", err)
			}
			return
		}
		whole, cut := v4.Packet(pipelinetest.Begin), v6.Packet(pipelinetest.Begin)
		cut.Data = cut.Data[:40]
		whole.Decode()
		cut.Decode()
		holds := false
		if n := testing.AllocsPerRun(1, func() {
			holds = filter.Filter(&whole) == pipeline.Pass
			filter.Filter(&cut)
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
		filter.(pipeline.Explainer).Explain(&cut)
		if strings.ContainsAny(when, "\"'`") || strings.Contains(when, "known") || strings.Contains(when, "[") && strings.Contains(when, "..") {
			return // texts are ours, and so are fields that are not there and ranges in lists
		}
		got, err := lib.Eval(when, numbers())
		if err != nil {
			return
		}
		if got != holds {
			t.Errorf("holds %v, the library says %v", holds, got)
		}
	})
}

// numbers are the fields of the whole packet that are numbers.
func numbers() map[string]any {
	return map[string]any{
		"family": 4, "ttl": 60, "mtu": 1400, "proto": 6, "sport": 443, "dport": 40000,
		"quoted_length": 1488, "length": 146, "vlan": 7,
	}
}

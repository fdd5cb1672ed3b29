package expr_test

import (
	"testing"

	lib "github.com/expr-lang/expr"
	"github.com/expr-lang/expr/vm"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

func BenchmarkFilter(b *testing.B) {
	for _, when := range []string{
		`true`,
		`mtu < 1500`,
		`router in "203.0.113.0/24" && mtu < 1500 && family == 4`,
		`proto in ["tcp", "udp"] && sport in [80, 443, 8000..8080] && dst not in ["192.0.2.0/24", "2001:db8::/32"]`,
	} {
		b.Run(when, func(b *testing.B) {
			f := build(b, when)
			p := v4.Packet(pipelinetest.Begin)
			p.Decode()
			b.ReportAllocs()
			for b.Loop() {
				if f.Filter(&p) != pipeline.Pass {
					b.Fatal("dropped")
				}
			}
		})
	}
}

// BenchmarkLibrary is the third of BenchmarkFilter on the library's machine.
func BenchmarkLibrary(b *testing.B) {
	type env struct {
		Router string `expr:"router"`
		MTU    int    `expr:"mtu"`
		Family int    `expr:"family"`
	}
	within := lib.Function("within", func(args ...any) (any, error) { return args[0] != args[1], nil },
		new(func(string, string) bool))
	program, err := lib.Compile(`within(router, "203.0.113.0/24") && mtu < 1500 && family == 4`, lib.Env(&env{}), lib.AsBool(), within)
	if err != nil {
		b.Fatal(err)
	}
	e := &env{"203.0.113.1", 1400, 4}
	var machine vm.VM
	b.ReportAllocs()
	for b.Loop() {
		if got, err := machine.Run(program, e); err != nil || got != true {
			b.Fatal(got, err)
		}
	}
}

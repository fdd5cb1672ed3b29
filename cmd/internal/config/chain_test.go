package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/config/write"
	"github.com/pmtud/pmtud/cmd/internal/offline/chain"
)

func TestParseChain(t *testing.T) {
	const text = `input(interface=eth0, direction=out,promiscuous=true)+file ( path = '/a b,c|d' )
		| rate-limit(rate=1.5)|ports(ports=80,443 , 8000-8080,labels=1,"2",true)| all | output(path=x) + file(path="$'")`
	const want = `pipelines:
  edge:
    sources:
      - type: input
        interface: eth0
        direction: out
        promiscuous: true
      - type: file
        path: "/a b,c|d"
    filters:
      - type: rate-limit
        rate: 1.5
      - type: ports
        ports: [80, 443, "8000-8080"]
        labels: ["1", "2", "true"]
      - type: all
    sinks:
      - type: output
        path: x
      - type: file
        path: "$'"
`
	f, err := chain.Parse(text, "edge", plugins)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, marshalled(t, write.Declared(f), "yaml")); diff != "" {
		t.Error(diff)
	}
}

// TestParseChainTypes wants a word to be of the type of its setting.
func TestParseChainTypes(t *testing.T) {
	f, err := chain.Parse("input(interface=80,promiscuous=false,snaplen=0x10,wait=5s,name=in)|ports(ports=80,labels=2,levels=7)|output(path=1.5)", "edge", plugins)
	if err != nil {
		t.Fatal(err)
	}
	const want = `pipelines:
  edge:
    sources:
      - type: input
        name: in
        interface: "80"
        promiscuous: false
        snaplen: 0x10
        wait: "5s"
    filters:
      - type: ports
        ports: 80
        labels: "2"
        levels: 7
    sinks:
      - type: output
        path: "1.5"
`
	if diff := cmp.Diff(want, marshalled(t, write.Declared(f), "yaml")); diff != "" {
		t.Error(diff)
	}
}

func TestParseChainMistakes(t *testing.T) {
	const in, out = "input(interface=a)", "output"
	for _, tc := range []struct {
		chain string
		want  []string // line:column and message
	}{
		{"", []string{"1:1: a stage is missing; write the name of a plugin"}},
		{in, []string{"1:1: the chain has no sinks; write sources | filters | sinks"}},
		{in + " | | " + out, []string{"1:22: a stage is missing; write the name of a plugin"}},
		{in + " output", []string{`1:20: unexpected "o"; separate stages by |, and sources or sinks by +`}},
		{"inptu(interface=a) | " + out, []string{"1:1: unknown source `inptu`; did you mean `input`?"}},
		{out + " | " + in, []string{
			"1:1: `output` is a sink, not a source; move it to `sinks`",
			"1:10: `input` is a source, not a sink; move it to `sources`",
		}},
		{"input | " + out, []string{"1:1: source `input` needs the setting `interface`; add `interface`"}},
		{"input(intreface=a) |\n rate-limit(rate=fast) | " + out, []string{
			"1:7: unknown setting `intreface` of source `input`; did you mean `interface`?",
			"2:18: `rate` must be a number, not text",
		}},
		{"input(interface=a,group=70000) | " + out, []string{"1:25: `group` must be from 0 to 65535, not 70000"}},
		{"input(interface=a,group=010) | " + out, []string{"1:25: `group` must be a whole number, not text"}},
		{in + " | ports(ports=1,bad) | " + out, []string{"1:36: `ports`: \"bad\" is not a port"}},
		{"input(interface=a", []string{"1:18: the settings of `input` are not closed: `)` is missing"}},
		{"input(interface='a) | " + out, []string{"1:17: the quotes are not closed"}},
		{"input(interface=) | " + out, []string{"1:17: a value is missing"}},
		{"input(eth0) | " + out, []string{"1:7: a value without a name; write name=value"}},
		{"input(interface=a,interface=b) | " + out, []string{"1:19: setting `interface` is set twice"}},
	} {
		t.Run(tc.chain, func(t *testing.T) {
			_, err := chain.Parse(tc.chain, "edge", plugins)
			var mistakes config.Mistakes
			errors.As(err, &mistakes)
			var got []string
			for _, m := range mistakes {
				got = append(got, strings.TrimPrefix(m.Short(), "chain:"))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// FuzzParseChain checks that what is accepted can be written and read again.
func FuzzParseChain(f *testing.F) {
	f.Add("input(interface=eth0) + file(path='a b') | rate-limit(rate=1) | ports(ports=1,2) | output + file")
	f.Add("file|output(path=\"$${'}\")")
	f.Add("file(path=(|output)")
	f.Add("input(interface=a)|ports(ports=000)|output")
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text string) {
		t.Chdir(dir)
		file, err := chain.Parse(text, "edge", plugins)
		if err != nil {
			return
		}
		for _, format := range []string{"yaml", "toml"} {
			mustLoad(t, "again."+format, marshalled(t, write.Annotated(file), format))
		}
	})
}

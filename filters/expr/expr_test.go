package expr_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/filters/expr"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestPlugin(t *testing.T) {
	for _, when := range []string{
		`router in "203.0.113.0/24" && mtu < 1400 && family == 6`,
		`known(router) and known(target) and family in 4..6 and ttl > 1 and mtu >= 68 and known(src) and known(dst)
			and proto in ["tcp", 17] and sport != 0 and dport + 1 > 1 and quoted_length - mtu > 0 and length < 2000 and not known(vlan)`,
		`true`,
	} {
		pipelinetest.TestFilter(t, expr.Plugin(), &expr.Settings{When: when})
	}
}

func build(t testing.TB, when string) pipeline.Filter {
	t.Helper()
	f, err := expr.New(expr.Settings{When: when}, pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

var (
	v4 = pipelinetest.PTB{VLAN: 7}
	v6 = pipelinetest.PTB{Router: netip.MustParseAddr("2001:db8:f::1")}
)

// TestHolds asks for packets that have all fields.
func TestHolds(t *testing.T) {
	for _, tc := range []struct {
		when    string
		message pipelinetest.PTB
		want    bool
	}{
		{`router in "203.0.113.0/24" && mtu < 1400 && family == 6`, v4, false},
		{`router in "203.0.113.0/24" && mtu <= 1400 && family == 4`, v4, true},
		{`true`, v4, true},
		{`false`, v4, false},
		{`!false`, v4, true},
		{`not (mtu == 1400)`, v4, false},
		{`true && false || true`, v4, true},
		{`true and (false or true)`, v4, true},
		{`false && true || false`, v4, false},
		{`true || false`, v4, true},
		{`false || true`, v4, true},
		{`false || false`, v4, false},
		{`true && false`, v4, false},
		{`false && true`, v4, false},
		{`mtu == 1400 or mtu == 1500`, v4, true},
		{`mtu == 1500 or mtu == 1400`, v4, true},
		{`mtu == 1400 and mtu == 1500`, v4, false},

		{`family == 4`, v4, true},
		{`family == 6`, v6, true},
		{`ttl == 60`, v4, true},
		{`ttl == 60`, v6, true},
		{`mtu == 1400`, v4, true},
		{`1400 == mtu`, v6, true},
		{`mtu != 1400`, v4, false},
		{`mtu < 1400`, v4, false},
		{`mtu < 1401`, v4, true},
		{`mtu <= 1400`, v4, true},
		{`mtu <= 1399`, v4, false},
		{`mtu > 1399`, v4, true},
		{`mtu > 1400`, v4, false},
		{`mtu >= 1400`, v4, true},
		{`mtu >= 1401`, v4, false},
		{`1280 <= mtu < 1500`, v4, true},
		{`1280 <= mtu < 1400`, v4, false},
		{`mtu == 0x578`, v4, true},
		{`length == 14 + 4 + 20 + 8 + 100`, v4, true},
		{`length == 162`, v6, true},
		{`quoted_length == 1488`, v4, true},
		{`quoted_length == 1508`, v6, true},
		{`quoted_length > mtu + 87`, v4, true},
		{`quoted_length > mtu + 88`, v4, false},
		{`mtu - 1401 == -1`, v4, true},
		{`-mtu == -1400`, v4, true},
		{`+mtu == 1400`, v4, true},
		{`1500 - 50 - 50 == mtu`, v4, true},
		{`vlan == 7`, v4, true},
		{`sport == 443 && dport == 40000`, v4, true},
		{`sport < dport`, v4, true},

		{`router == "203.0.113.1"`, v4, true},
		{`"203.0.113.1" == router`, v4, true},
		{`router == "::ffff:203.0.113.1"`, v4, true},
		{`router != "203.0.113.1"`, v4, false},
		{`router == "2001:db8:f::1"`, v4, false},
		{`router == "2001:DB8:F:0::1"`, v6, true},
		{`target == src`, v4, true},
		{`target == dst`, v4, false},
		{`dst in "198.51.100.0/24"`, v4, true},
		{`dst in "198.51.100.7"`, v4, true},
		{`dst in ["192.0.2.0/24", "198.51.100.0/24"]`, v4, true},
		{`dst in ["192.0.2.0/24", "2001:db8::/32"]`, v4, false},
		{`dst in ["192.0.2.0/24", "2001:db8::/32"]`, v6, true},
		{`dst not in "198.51.100.0/24"`, v4, false},
		{`dst in []`, v4, false},

		{`proto == "tcp"`, v4, true},
		{`"tcp" == proto`, v4, true},
		{`proto == 6`, v4, true},
		{`6 == proto`, v4, true},
		{`proto == "89"`, v4, false},
		{`proto != "udp"`, v4, true},
		{`proto in ["udp", "tcp"]`, v4, true},
		{`proto in ["udp", 6]`, v4, true},
		{`proto in ["udp", "sctp"]`, v4, false},

		{`sport in [80, 443]`, v4, true},
		{`sport in [80, 8080]`, v4, false},
		{`sport in [80, 400..500]`, v4, true},
		{`sport in [80, 444..500]`, v4, false},
		{`sport in [80, 443..443]`, v4, true},
		{`sport in 400..443`, v4, true},
		{`sport in 400..442`, v4, false},
		{`sport not in [80, 443]`, v4, false},
		{`mtu + 0 in [1400]`, v4, true},
		{`mtu in [1000 + 400]`, v4, true},
		{`-mtu in [-1400..-1]`, v4, true},
		{`mtu in []`, v4, false},

		{`known(mtu) and known(router) and known(sport)`, v4, true},
		{"mtu == 1400 // a remark\n  && /* and another */ true", v4, true},
	} {
		t.Run(tc.when, func(t *testing.T) {
			p := tc.message.Packet(pipelinetest.Begin)
			want := expr.NoMatch
			if tc.want {
				want = pipeline.Pass
			}
			if got := pipelinetest.Decide(build(t, tc.when), &p); got != want {
				t.Errorf("reason %d, want %d", got, want)
			}
		})
	}
}

// TestUnknown asks for fields that a packet does not have.
func TestUnknown(t *testing.T) {
	whole := v6.Packet(pipelinetest.Begin)
	cut := v4.Packet(pipelinetest.Begin)
	cut.Data = cut.Data[:14+4+20+8]
	headless := v4.Packet(pipelinetest.Begin)
	headless.Data = headless.Data[:14+4+5]
	fragment := v6.Packet(pipelinetest.Begin)
	fragment.Data[14+40+8+6] = 44
	copy(fragment.Data[14+40+8+40:], []byte{6, 0, 5, 169})
	other := v4.Packet(pipelinetest.Begin)
	other.Data[14+4+20] = 8
	for name, tc := range map[string]struct {
		packet  pipeline.Packet
		unknown string
	}{
		"no tag":      {whole, "vlan"},
		"no quote":    {cut, "src dst proto sport dport quoted_length"},
		"no ports":    {fragment, "sport dport vlan"},
		"no PTB":      {other, "mtu src dst proto sport dport quoted_length"},
		"no header":   {headless, "router target ttl mtu src dst proto sport dport quoted_length"},
		"not decoded": {pipeline.Packet{LinkType: 9999}, "router target family ttl mtu src dst proto sport dport quoted_length vlan"},
	} {
		for _, field := range strings.Fields("router target family ttl mtu src dst proto sport dport quoted_length length vlan") {
			unknown := strings.Contains(" "+tc.unknown+" ", " "+field+" ")
			t.Run(name+"/"+field, func(t *testing.T) {
				check := func(when string, want bool) {
					t.Helper()
					if got := pipelinetest.Decide(build(t, when), &tc.packet) == pipeline.Pass; got != want {
						t.Errorf("%s: %v, want %v", when, got, want)
					}
				}
				check("known("+field+")", !unknown)
				if !unknown {
					return
				}
				check(field+" == "+field, false)
				check(field+" != "+field, true)
				switch field {
				case "router", "target", "src", "dst":
					check(field+` in ["0.0.0.0/0", "::/0"]`, false)
					check(field+` not in ["0.0.0.0/0", "::/0"]`, true)
				case "proto":
					check("proto in 0..255", false)
				default:
					check(field+" in 0..4294967295", false)
					check(field+" < 5000000000", false)
					check(field+" >= 0", false)
					check("0 <= "+field, false)
					check(field+" + 1 > 0", false)
					check("1 - "+field+" < 2", false)
					check("not ("+field+" >= 0)", true)
				}
			})
		}
	}
}

func TestMistakes(t *testing.T) {
	for when, want := range map[string]string{
		``:                           "column 1: unexpected token EOF",
		`mtu <`:                      "column 5, at `<`: unexpected token EOF",
		`mtu < 1400 &`:               "unexpected token Operator",
		`mtu = 1400`:                 "column 5, at `= 1400`: unexpected token",
		`(mtu < 1400`:                "unexpected token EOF",
		`mtu < 1400 }`:               "column 12, at `}`: unexpected token",
		"mtu < 1400 &&\n mtuu>":      "line 2, column 6, at `>`: unexpected token EOF",
		`mtu < "`:                    "literal not terminated",
		`mtu < 99999999999999999999`: "invalid integer literal",

		`rooter == "192.0.2.1"`:         "column 1, at `rooter == \"192.0.2.1...`: unknown field rooter; there are router, target, family, ttl, mtu, src, dst, proto, sport, dport, quoted_length, length, vlan",
		`mtu < 1400 && mtuu > 1`:        "column 15, at `mtuu > 1`: unknown field mtuu",
		"mtu < 1400\n  && mtuu > 1":     "line 2, column 6, at `mtuu > 1`: unknown field mtuu",
		"mtuu > 1 &&\n ttl > 1":         "column 1, at `mtuu > 1 &&`: unknown field mtuu",
		`"é" == proto || mtuu > 1`:      "column 1, at `\"é\" == proto || mtuu...`: unknown protocol",
		`proto == "tcp" /*é*/ && q > 1`: "column 25, at `q > 1`: unknown field q",

		`mtu`:                    "column 1, at `mtu`: a number is not a condition",
		`router`:                 "an address is not a condition",
		`"yes"`:                  "a text is not a condition",
		`mtu + 1`:                "a number is not a condition",
		`-mtu`:                   "column 1, at `-mtu`: a number is not a condition",
		`mtu && true`:            "a number is not a condition",
		`not mtu == 1`:           "column 1, at `not mtu == 1`: put what not is about in parentheses",
		`!router in "::/0"`:      "put what ! is about in parentheses",
		`mtu == true`:            "column 8, at `true`: a condition where a value is needed",
		`(mtu < 5) == (mtu < 6)`: "a condition where a value is needed",
		`mtu < !true`:            "put what ! is about in parentheses",
		`mtu == router`:          "column 5, at `== router`: a number can't be compared with an address",
		`router < "192.0.2.1"`:   "column 1, at `router < \"192.0.2.1\"`: an address where a number is needed",
		`mtu < router`:           "an address where a number is needed",
		`mtu == "1400"`:          "a text can't be compared with a number",
		`"tcp" == "tcp"`:         "a text can't be compared with a text",
		`proto < 5`:              "a protocol where a number is needed",
		`proto == sport`:         "a protocol can't be compared with a number",
		`proto == router`:        "a protocol can't be compared with an address",
		`router + 1 == 2`:        "an address where a number is needed",
		`1 + "a" == 2`:           "a text where a number is needed",
		`-router == 1`:           "an address where a number is needed",

		`router == "192.0.2.0/24"`:         "column 11, at `\"192.0.2.0/24\"`: \"192.0.2.0/24\" is not an address; for a prefix, write in instead of ==",
		`router == "fe80::1%eth0"`:         "is not an address",
		`router in "192.0.2.1/24"`:         "column 11, at `\"192.0.2.1/24\"`: \"192.0.2.1/24\" has host bits set; write 192.0.2.0/24",
		`router in ["::/0", "x"]`:          "column 20, at `\"x\"]`: \"x\" is neither an address nor a prefix",
		`router in [1]`:                    "write a prefix such as",
		`router in target`:                 "write a prefix such as",
		`proto == "tpc"`:                   "unknown protocol \"tpc\"; there are icmp, ipip, tcp, udp,",
		`proto in ["tcp", "tpc"]`:          "column 18, at `\"tpc\"]`: unknown protocol",
		`sport in ["http"]`:                "a text can't be compared with a number",
		`sport in "80"`:                    "a text can't be compared with a number",
		`sport in [dport]`:                 "column 11, at `dport]`: write a number",
		`sport in [1..dport]`:              "write a number",
		`sport in 9..8`:                    "9 is above 8",
		`sport in ttl..8`:                  "write a number",
		`sport in [[1]]`:                   "a list, except after in, is not available",
		`sport in sport`:                   "write a number",
		`"tcp" in ["tcp"]`:                 "a text can't be looked up in a list",
		`mtu == [1]`:                       "a list, except after in, is not available",
		`sport == 80443`:                   "column 10, at `80443`: no packet has this: sport is from 0 to 65535",
		`-1 == dport`:                      "column 1, at `-1 == dport`: no packet has this: dport is from 0 to 65535",
		`ttl != 256`:                       "no packet has this: ttl is from 0 to 255",
		`family < 4`:                       "no packet has this: family is from 4 to 6",
		`65535 < sport`:                    "no packet has this: sport is from 0 to 65535",
		`mtu >= 4294967296`:                "no packet has this: mtu is from 0 to 4294967295",
		`proto in ["tcp", 256]`:            "column 18, at `256]`: no packet has this: proto is from 0 to 255",
		`vlan not in [5, 4096..5000]`:      "column 21, at `..5000]`: no packet has this: vlan is from 0 to 4095",
		`quoted_length - mtu > 65575`:      "no packet has this: the other side is from -4294967295 to 65575",
		`ttl - (sport + 5) > 250`:          "no packet has this: the other side is from -65540 to 250",
		`-ttl + 1 == 2`:                    "no packet has this: the other side is from -254 to 1",
		`mtu < 1099511627777`:              "1099511627777 is above 1099511627776",
		`mtu < 1.5`:                        "a fraction is not available",
		`mtu * 2 > 5`:                      "the operator * is not available",
		`mtu ?? 5`:                         "the operator ?? is not available",
		`proto matches "t.*"`:              "the operator matches is not available",
		`len("abc") > 2`:                   "the function len is not available",
		`mtu > 5 ? true : false`:           "this is not available",
		`let x = 1; mtu > x`:               "this is not available",
		`any([1], # > 0)`:                  "the function any is not available",
		`mtu.x == 1`:                       "this is not available",
		`nil == nil`:                       "this is not available",
		`true; true`:                       "this is not available",
		`foo(mtu)`:                         "this function is not available",
		`router | known()`:                 "",
		`known()`:                          "known takes one field",
		`known(mtu, ttl)`:                  "known takes one field",
		`known(1)`:                         "known takes a field",
		`known(x)`:                         "unknown field x",
		strings.Repeat("!", 5000):          "more than 4096",
		strings.Repeat("!", 2000) + "true": "maximum allowed nodes",
		strings.Repeat("(", 4000):          "unexpected token EOF",
		`mtu in [` + strings.Repeat("1,", 1200) + `]`: "maximum allowed nodes",
	} {
		t.Run(when[:min(len(when), 40)], func(t *testing.T) {
			_, err := expr.New(expr.Settings{When: when}, pipelinetest.Env(t))
			if want == "" {
				if err != nil {
					t.Errorf("error %v", err)
				}
				return
			}
			var setting *setting.Error
			if !errors.As(err, &setting) || setting.Setting != "when" || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one about when with %q", err, want)
			}
		})
	}
}

func TestExplain(t *testing.T) {
	p := v4.Packet(pipelinetest.Begin)
	p.Decode()
	for when, want := range map[string]string{
		`true`: "asks for no field",
		`mtu < 1400 && router in "::/0" || mtu > 5`: "mtu 1400, router 203.0.113.1",
		`proto == "tcp" && dst in "::/0"`:           "proto tcp, dst 198.51.100.7",
	} {
		if got := build(t, when).(pipeline.Explainer).Explain(&p); got != want {
			t.Errorf("%s: explanation %q, want %q", when, got, want)
		}
	}
	p = pipeline.Packet{LinkType: 9999}
	p.Decode()
	if got, want := build(t, `mtu < 5 || src in "::/0"`).(pipeline.Explainer).Explain(&p), "mtu unknown, src unknown"; got != want {
		t.Errorf("explanation %q, want %q", got, want)
	}
}

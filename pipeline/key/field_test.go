package key_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline/key"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// fields reads fields as a configuration has them, separated by commas.
func fields(t testing.TB, list string) (fs key.Fields) {
	t.Helper()
	for name := range strings.SplitSeq(list, ",") {
		var f key.Field
		if err := f.UnmarshalText([]byte(name)); err != nil {
			t.Fatal(err)
		}
		fs = append(fs, f)
	}
	return fs
}

func TestFieldText(t *testing.T) {
	all := key.Fields{key.Router, key.RouterPrefix, key.Client, key.ClientPrefix, key.Target, key.MTU, key.Flow}
	const names = "router, router-prefix, client, client-prefix, target, mtu, flow"
	if diff := cmp.Diff(names, all.String()); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all, fields(t, strings.ReplaceAll(names, " ", ""))); diff != "" {
		t.Errorf("fields (-want +got):\n%s", diff)
	}
	for _, f := range all {
		if text, err := f.MarshalText(); string(text) != f.String() || err != nil {
			t.Errorf("%v is marshalled to %q, %v", f, text, err)
		}
	}
	for f, want := range map[key.Field]string{0: "field(0)", key.Flow + 1: "field(8)", 255: "field(255)"} {
		if got := f.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestFieldTextRefuses(t *testing.T) {
	for _, text := range []string{"", "Router", "router ", "routers", "field(0)", "server"} {
		var f key.Field
		if err := f.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "write one of router, router-prefix, ") {
			t.Errorf("%q: %v, error %v", text, f, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fields  key.Fields
		message string
	}{
		{"nothing", nil, "is empty; list at least one of router, "},
		{"no field", key.Fields{0}, "field(0) is not a field"},
		{"no field either", key.Fields{200}, "field(200) is not a field"},
		{"twice", key.Fields{key.MTU, key.Client, key.MTU}, "mtu is listed twice"},
		{"router and its prefix", key.Fields{key.Router, key.RouterPrefix}, "router-prefix adds nothing to router"},
		{"client and its prefix", key.Fields{key.ClientPrefix, key.MTU, key.Client}, "client-prefix adds nothing to client"},
		{"flow and client", key.Fields{key.Client, key.Flow}, "client adds nothing to flow"},
		{"flow and prefix of the client", key.Fields{key.Flow, key.ClientPrefix}, "client-prefix adds nothing to flow"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := key.New("fair_by", tc.fields, key.DefaultPrefixes())
			setting, ok := errors.AsType[*setting.Error](err)
			if !ok || setting.Setting != "fair_by" || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("error %v, want one about fair_by: %s", err, tc.message)
			}
		})
	}
}

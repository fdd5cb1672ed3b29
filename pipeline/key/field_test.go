package key_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/key"
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
		v4, v6  int
		setting string
		message string
	}{
		{"nothing", nil, 24, 64, "fair_by", "is empty; list at least one of router, "},
		{"no field", key.Fields{0}, 24, 64, "fair_by", "field(0) is not a field"},
		{"no field either", key.Fields{200}, 24, 64, "fair_by", "field(200) is not a field"},
		{"twice", key.Fields{key.MTU, key.Client, key.MTU}, 24, 64, "fair_by", "mtu is there twice"},
		{"router and its prefix", key.Fields{key.Router, key.RouterPrefix}, 24, 64, "fair_by", "router-prefix says nothing beside router"},
		{"client and its prefix", key.Fields{key.ClientPrefix, key.MTU, key.Client}, 24, 64, "fair_by", "client-prefix says nothing beside client"},
		{"flow and client", key.Fields{key.Client, key.Flow}, 24, 64, "fair_by", "client says nothing beside flow"},
		{"flow and prefix of the client", key.Fields{key.Flow, key.ClientPrefix}, 24, 64, "fair_by", "client-prefix says nothing beside flow"},
		{"everything of IPv4", key.Fields{key.RouterPrefix}, 0, 64, "prefix_v4", "0 is not between 1 and 32 bits"},
		{"too long for IPv4", key.Fields{key.RouterPrefix}, 33, 64, "prefix_v4", "33 is not between 1 and 32 bits"},
		{"everything of IPv6", key.Fields{key.RouterPrefix}, 24, 0, "prefix_v6", "0 is not between 1 and 128 bits"},
		{"too long for IPv6", key.Fields{key.RouterPrefix}, 24, 129, "prefix_v6", "129 is not between 1 and 128 bits"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := key.New("fair_by", tc.fields, tc.v4, tc.v6)
			setting, ok := errors.AsType[*pipeline.SettingError](err)
			if !ok || setting.Setting != tc.setting || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("error %v, want one about %s: %s", err, tc.setting, tc.message)
			}
		})
	}
}

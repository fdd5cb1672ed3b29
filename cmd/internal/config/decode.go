package config

import (
	"reflect"
	"slices"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/spelling"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// decoder puts settings into structs.
type decoder struct{ *mistake.Report }

// section is what was written of the settings of a struct.
type section struct {
	Table
	at   Position
	what string        // whose settings they are, in messages
	kind pipeline.Kind // of a stage
}

// convertedValue returns a value that has been converted. Koanf copies the values that it
// gets, but no functions.
type convertedValue func() any

// decodeInto decodes settings into a struct. A field whose setting is wrong keeps its value.
// It reports whether all settings are right, known and complete.
func (d *decoder) decodeInto(settings any, s section) bool {
	noted, isRight := d.Noted, true
	infos := setting.Of(settings)
	values, meant := map[string]any{}, map[string]bool{}
	for _, written := range s.Table {
		meant[written.Name] = true
		i := slices.IndexFunc(infos, func(info setting.Info) bool { return info.Name == written.Name })
		switch {
		case i < 0:
			near, _ := spelling.Nearest(written.Name, namesOf(infos))
			meant[near] = true
			d.Add(written.NameAt, s.unknownHint(written, namesOf(infos)), "unknown setting `%s` of %s", written.Name, s.what)
		case written.Value == nil:
			isRight = false // as was noted
		case infos[i].Type == setting.Section:
			d.value(reflect.ValueOf(settings).Elem().FieldByIndex(infos[i].Field.Index), written)
		default:
			if value, ok := d.convert(infos[i], written, infos[i].Field.Type); ok {
				values[written.Name] = convertedValue(value.Interface)
			}
		}
	}
	for _, info := range infos {
		if info.Required && !meant[info.Name] {
			d.Add(s.at, missingHint(info, s.at), "%s needs the setting `%s`", s.what, info.Name)
		}
	}
	if err := fill(settings, values); err != nil {
		d.Add(s.at, "", "%v", err)
	}
	return isRight && d.Noted == noted
}

// fill puts values into the fields of a struct.
func fill(settings any, values map[string]any) error {
	k := koanf.New("\x00")
	// Neither the provider nor a merge into nothing can fail.
	_ = k.Load(confmap.Provider(values, ""), nil)
	return k.UnmarshalWithConf("", settings, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		TagName: "setting", IgnoreUntaggedFields: true, Squash: true,
		MatchName: func(key, field string) bool { return key == field },
		DecodeHook: func(from, to reflect.Value) (any, error) {
			if value, ok := from.Interface().(convertedValue); ok && to.Kind() != reflect.Pointer {
				return value(), nil
			}
			return from.Interface(), nil
		},
		// A list in the file replaces a default list, and is not written into it: the
		// plugin's defaults share their memory.
		ZeroFields: true,
	}})
}

// unknownHint says what an unknown name may mean.
func (s section) unknownHint(unknown *Setting, names []string) string {
	switch {
	case s.kind == 0: // no stage, but a struct with settings
		return spelling.DidYouMean(unknown.Name, names)
	case s.kind == pipeline.KindSink:
		names = slices.Concat(names, namesOf(setting.Of(SinkSettings())), []string{"filters", "name"})
	case unknown.Name == "filters":
		return "only sinks have filters of their own"
	default:
		names = slices.Concat(names, []string{"name"})
	}
	return aboveHint(unknown.Name, unknown.NameAt, slices.Sorted(slices.Values(names)))
}

// missingHint says how a setting that is missing could be written.
func missingHint(info setting.Info, at Position) string {
	if info.Example == nil {
		return "add `" + info.Name + "`"
	}
	return "add, for example, `" + syntax.NotationAt(at).Pair(info.Name, info.Example) + "`"
}

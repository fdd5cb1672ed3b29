package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// decoder puts settings into structs.
type decoder struct {
	*mistake.Report
	file string // for a [Checker]
}

// section is what was written of the settings of a struct.
type section struct {
	Table
	at   Position
	what string        // whose settings they are, in messages
	kind pipeline.Kind // of a stage
}

// index stands for a setting's value until the field is known that it is for, since
// Koanf copies what it gets.
type index int

// decodeInto decodes settings into a struct, without those that are structs or maps. A
// field whose setting is wrong keeps its value. It reports whether all settings are right,
// known and complete.
func (d *decoder) decodeInto(settings any, s section) bool {
	noted := d.Noted
	infos := setting.Of(settings)
	fields := reflect.ValueOf(settings).Elem()
	before := reflect.New(fields.Type()).Elem()
	before.Set(fields)

	values, wrong := map[string]any{}, map[string]bool{}
	for i, written := range d.known(s, infos) {
		wrong[written.Name] = written.Value == nil
		if written.Value != nil {
			values[written.Name] = index(i)
		}
	}
	convert := func(from, to reflect.Value) (any, error) {
		i, ok := from.Interface().(index)
		if !ok || to.Kind() == reflect.Pointer {
			return from.Interface(), nil // has been converted, or will be
		}
		written := s.Table[i]
		info := infos[slices.IndexFunc(infos, func(info setting.Info) bool { return info.Name == written.Name })]
		value, ok := d.convert(info, written, to.Type())
		wrong[written.Name] = !ok
		return value.Interface(), nil
	}
	k := koanf.New("\x00")
	// Neither the provider nor a merge into nothing can fail.
	_ = k.Load(confmap.Provider(values, ""), nil)
	err := k.UnmarshalWithConf("", settings, koanf.UnmarshalConf{DecoderConfig: &mapstructure.DecoderConfig{
		TagName: "setting", IgnoreUntaggedFields: true, Squash: true,
		MatchName:  func(key, field string) bool { return key == field },
		DecodeHook: convert,
		// A list in the file replaces a default list, and is not written into it: the
		// plugin's defaults share their memory.
		ZeroFields: true,
	}})
	if err != nil {
		d.Add(s.at, "", "%v", err)
	}
	for _, info := range infos {
		if wrong[info.Name] {
			fields.FieldByIndex(info.Field.Index).Set(before.FieldByIndex(info.Field.Index))
		}
	}
	return d.Noted == noted && !slices.Contains(slices.Collect(maps.Values(wrong)), true)
}

// known returns the settings that have a value to decode, or lack it, by their index. It
// notes those that nobody has and those that are missing.
func (d *decoder) known(s section, infos []setting.Info) map[int]*Setting {
	var names []string
	isSection, meant := map[string]bool{}, map[string]bool{}
	for _, info := range infos {
		names = append(names, info.Name)
		isSection[info.Name] = info.Type == setting.Section
	}
	slices.Sort(names)
	known := map[int]*Setting{}
	for i, written := range s.Table {
		if name := written.Name; slices.Contains(names, name) {
			meant[name] = true
			if !isSection[name] || written.Value == nil {
				known[i] = written
			}
			continue
		}
		d.Add(written.NameAt, s.unknownHint(written, names), "unknown setting `%s` of %s", written.Name, s.what)
		if near, ok := mistake.Nearest(written.Name, names); ok {
			meant[near] = true
		}
	}
	for _, info := range infos {
		if info.Required && !meant[info.Name] {
			d.Add(s.at, missingHint(info, s.at), "%s lacks the setting `%s`", s.what, info.Name)
		}
	}
	return known
}

// unknownHint says what an unknown name may mean.
func (s section) unknownHint(unknown *Setting, names []string) string {
	switch {
	case s.kind == 0: // no stage, but a struct with settings
		return mistake.DidYouMean(unknown.Name, names)
	case s.kind == pipeline.KindSink:
		names = slices.Concat(names, namesOf(SinkSettings()), []string{"filters", "name"})
	case unknown.Name == "filters":
		return "only sinks have filters of their own"
	default:
		names = slices.Concat(names, []string{"name"})
	}
	return aboveHint(unknown.Name, unknown.NameAt, slices.Sorted(slices.Values(names)))
}

// missingHint says how a setting that is missing could be written.
func missingHint(info setting.Info, at Position) string {
	name, field, example := info.Name, info.Field, info.Field.Tag.Get("example")
	if example == "" {
		return "add `" + name + "`"
	}
	var value any = example
	if number, ok := syntax.ParseNumber(example); ok && !setting.IsText(field.Type) && field.Type.Kind() != reflect.String {
		value = number
	}
	if field.Type.Kind() == reflect.Slice {
		items := List{}
		for item := range strings.SplitSeq(example, ",") {
			items = append(items, &Setting{Value: item})
		}
		value = items
	}
	return "add for example `" + syntax.NotationAt(at).Pair(name, value) + "`"
}

package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-viper/mapstructure/v2"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/v2"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
)

// settingTag is the struct tag with a setting's name; see [pipeline.FilterPlugin].
const settingTag = "setting"

// decode decodes the stage's settings into its plugin's struct. It reports whether those
// were all right.
func (r *resolver) decode(s *Stage) bool {
	is := s.Resolved
	is.Settings = is.Plugin.NewSettings()
	what := fmt.Sprintf("%v `%s`", is.Plugin.Kind, s.Type)
	isRight := r.decodeInto(is.Settings, s, what)
	r.decodeCommon(s, what)
	return isRight
}

// decodeInto decodes the settings of s into a struct, but for those that it has
// structs or maps for. What says in messages whose settings they are. Settings that are
// wrong keep what they had. It reports whether there are none such, and none that are
// unknown or missing.
func (r *resolver) decodeInto(settings any, s *Stage, what string) bool {
	noted := r.Noted
	v := reflect.ValueOf(settings).Elem()
	before := reflect.New(v.Type()).Elem()
	before.Set(v)
	values, wrong := r.known(s, fieldsOf(settings), what)
	err := load(values).UnmarshalWithConf("", settings, koanf.UnmarshalConf{
		Tag: settingTag, DecoderConfig: decoderConfig(),
	})
	if err != nil {
		r.decodeErrors(s, err, wrong)
	}
	r.check(settings, s, wrong)
	for name, field := range fieldsOf(settings) {
		if wrong[name] {
			v.FieldByIndex(field.Index).Set(before.FieldByIndex(field.Index))
		}
	}
	return len(wrong) == 0 && r.Noted == noted
}

// check notes the values of written settings that their declarations don't allow,
// but for those that are wrong already, and adds them to these.
func (r *resolver) check(settings any, s *Stage, wrong map[string]bool) {
	v := reflect.ValueOf(settings).Elem()
	for _, info := range setting.Of(settings) {
		written := s.Settings.Find(info.Name)
		if written == nil || written.Value == nil || wrong[info.Name] || IsNested(info.Field.Type) {
			continue
		}
		value := v.FieldByIndex(info.Field.Index)
		if err := info.Check(value); err != nil {
			r.declaredError(info, written, value, err)
			wrong[info.Name] = true
		}
	}
}

// declaredError notes what a declaration says of a value, where it stands: of a
// list at its first wrong element.
func (r *resolver) declaredError(info setting.Info, written *Setting, value reflect.Value, err error) {
	at := written.At
	if value.Kind() == reflect.Slice {
		items, _ := written.Value.(List)
		for i := range min(value.Len(), len(items)) {
			if info.Check(value.Index(i)) != nil {
				at, value = items[i].At, value.Index(i)
				break
			}
		}
	}
	hint := ""
	if name, ok := mistake.Nearest(setting.Format(value), info.Enum); ok {
		hint = "did you mean `" + name + "`?"
	}
	r.settingError(info.Name, at, hint, err)
}

func decoderConfig() *mapstructure.DecoderConfig {
	return &mapstructure.DecoderConfig{
		TagName:              settingTag,
		DecodeHook:           convert,
		MatchName:            func(key, field string) bool { return key == field },
		IgnoreUntaggedFields: true,
		Squash:               true,
		ErrorUnused:          true,
		WeaklyTypedInput:     false,
		// A list in the file replaces a default list, and is not written
		// into it: the plugin's defaults share their memory.
		ZeroFields: true,
	}
}

// load puts values into a Koanf of their own, which is only there to be decoded: files
// are not merged by it, since it keeps no places.
func load(values map[string]any) *koanf.Koanf {
	k := koanf.New("\x00")
	// Neither the provider nor a merge into nothing can fail.
	_ = k.Load(confmap.Provider(values, ""), nil)
	return k
}

// plain returns a value for the decoder, which knows no nodes.
func plain(value any) any {
	list, ok := value.(List)
	if !ok {
		return value
	}
	items := []any{}
	for _, item := range list {
		items = append(items, plain(item.Value))
	}
	return items
}

// known returns the values of the settings that the struct has, and notes those
// that nobody has or that are missing. Wrong are those without a value.
func (r *resolver) known(s *Stage, fields map[string]reflect.StructField, what string) (values map[string]any, wrong map[string]bool) {
	names := slices.Sorted(maps.Keys(fields))
	common := s.common()
	values, wrong = map[string]any{}, map[string]bool{}
	meant := map[string]bool{}
	for _, written := range s.Settings {
		name := written.Name
		if slices.Contains(common, name) {
			continue
		}
		field, ok := fields[name]
		if !ok {
			r.Add(written.NameAt, s.unknownHint(written, names), "unknown setting `%s` of %s", name, what)
			if near, ok := mistake.Nearest(name, names); ok {
				meant[near] = true
			}
			continue
		}
		meant[name] = true
		if written.Value == nil {
			wrong[name] = true
		}
		typed(written, field.Type)
		if written.Value != nil && !IsNested(field.Type) {
			values[name] = plain(written.Value)
		}
	}
	for _, name := range names {
		if fields[name].Tag.Get("required") == "true" && !meant[name] {
			r.Add(s.At, missingHint(fields[name], s.At), "%s lacks the setting `%s`", what, name)
		}
	}
	return values, wrong
}

// unknownHint says what may be meant by a name that is none of the plugin's settings.
func (s *Stage) unknownHint(unknown *Setting, names []string) string {
	if s.Resolved == nil { // no stage, but a struct with settings
		return mistake.DidYouMean(unknown.Name, names)
	}
	switch kind := s.Resolved.Plugin.Kind; {
	case unknown.Name == "filters" && kind != pipeline.KindSink:
		return "only sinks have filters of their own"
	case kind == pipeline.KindSink:
		names = slices.Concat(names, s.common(), []string{"filters", "name"})
	default:
		names = append(names, "name")
	}
	return aboveHint(unknown.Name, unknown.NameAt, slices.Sorted(slices.Values(names)))
}

// missingHint says how a setting that is missing could be written.
func missingHint(field reflect.StructField, at Position) string {
	name, example := field.Tag.Get(settingTag), field.Tag.Get("example")
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

// fieldsOf returns the fields of a plugin's settings by their names.
func fieldsOf(settings any) map[string]reflect.StructField {
	fields := map[string]reflect.StructField{}
	for _, info := range setting.Of(settings) {
		fields[info.Name] = info.Field
	}
	return fields
}

// decodeErrors notes each error that err joins at the setting, or the element of
// one, that it is about, and adds the settings' names to those that are wrong.
func (r *resolver) decodeErrors(s *Stage, err error, wrong map[string]bool) {
	//nolint:errorlint // err itself, nothing that wraps it
	if _, ok := err.(*mapstructure.DecodeError); !ok && errors.Unwrap(err) != nil {
		err = errors.Unwrap(err) // the decoder's heading above its errors
	}
	for _, err := range split(err) {
		var decode *mapstructure.DecodeError
		if errors.As(err, &decode) {
			wrong[r.decodeError(s, decode.Name(), decode.Unwrap())] = true
			continue
		}
		r.Add(s.At, "", "%v", err)
	}
}

// decodeError returns the setting's name.
func (r *resolver) decodeError(s *Stage, name string, err error) string {
	name, element, isElement := strings.Cut(name, "[")
	written := s.Settings.Find(name)
	if written == nil {
		r.Add(s.At, "", "%v", err)
		return name
	}
	at := written.At
	items, _ := written.Value.(List)
	if i, err := strconv.Atoi(strings.TrimSuffix(element, "]")); isElement && err == nil && i < len(items) {
		at = items[i].At
	}
	if fit, ok := errors.AsType[*rangeError](err); ok {
		fit.bounds = cmp.Or(boundsOf(s, name), fit.bounds)
	}
	r.valueError(name, at, err)
	return name
}

// boundsOf returns the bounds that a setting declares.
func boundsOf(s *Stage, name string) string {
	if s.Resolved == nil {
		return ""
	}
	for _, info := range setting.Of(s.Resolved.Settings) {
		if info.Name == name {
			return info.Bounds()
		}
	}
	return ""
}

// valueError notes what the decoder said of one value.
func (r *resolver) valueError(name string, at Position, err error) {
	hint := ""
	if kind, ok := errors.AsType[*kindError](err); ok {
		hint = kind.hint
	}
	r.settingError(name, at, hint, err)
}

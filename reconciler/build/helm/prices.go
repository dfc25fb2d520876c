package helm

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
)

// check pays for what a function would make of its arguments, before it makes it.
type check func(m *meter, args []reflect.Value) error

// checks are those of the functions that give more than they are given. All others pay
// for the whole of their arguments, except for the shallow ones, and for their result.
func checks() map[string]check {
	all := map[string]check{
		"repeat":     func(m *meter, a []reflect.Value) error { return m.text(times(a[0].Int(), int64(a[1].Len()))) },
		"until":      func(m *meter, a []reflect.Value) error { return m.list(distance(0, a[0].Int(), 1)) },
		"untilStep":  func(m *meter, a []reflect.Value) error { return m.list(distance(a[0].Int(), a[1].Int(), a[2].Int())) },
		"seq":        checkSeq,
		"indent":     checkIndent,
		"nindent":    checkIndent,
		"replace":    checkReplace,
		"wrapWith":   func(m *meter, a []reflect.Value) error { return m.text(times(int64(a[2].Len()), int64(a[1].Len())+1)) },
		"join":       checkJoin,
		"split":      checkSplit,
		"splitList":  checkSplit,
		"uniq":       checkSquare,
		"without":    checkSquare,
		"dict":       checkDict,
		"fromYaml":   checkParse,
		"fromJson":   checkParse,
		"fromToml":   checkParse,
		"printf":     checkFormat,
		"randBytes":  checkRandom,
		"regexSplit": checkRegexp,
		"shuffle":    func(m *meter, a []reflect.Value) error { return m.list(int64(a[0].Len())) },
	}
	for name, same := range map[string]string{
		"mustUniq": "uniq", "mustWithout": "without", "fromYamlArray": "fromYaml", "fromJsonArray": "fromJson", "mustFromJson": "fromJson",
		"randAlphaNum": "randBytes", "randAlpha": "randBytes", "randAscii": "randBytes", "randNumeric": "randBytes",
		"regexFindAll": "regexSplit", "mustRegexFindAll": "regexSplit", "mustRegexSplit": "regexSplit",
		"regexMatch": "regexSplit", "mustRegexMatch": "regexSplit", "regexFind": "regexSplit", "mustRegexFind": "regexSplit",
	} {
		all[name] = all[same]
	}
	for _, name := range []string{"regexReplaceAll", "mustRegexReplaceAll", "regexReplaceAllLiteral", "mustRegexReplaceAllLiteral"} {
		all[name] = checkRegexpReplace
	}
	return all
}

// prices are those of the functions that take their time, by what 256 MiB should last for
// about ten seconds.
func prices() map[string]int64 {
	const mib = 1 << 20
	return map[string]int64{
		"genPrivateKey": 32 * mib, "genCA": 8 * mib, "genSelfSignedCert": 8 * mib, "genSignedCert": 8 * mib,
		"genCAWithKey": mib, "genSelfSignedCertWithKey": mib, "genSignedCertWithKey": mib, "buildCustomCert": mib,
		"bcrypt": 4 * mib, "htpasswd": 4 * mib, "derivePassword": 4 * mib,
	}
}

// shallow names the functions that look at no more than the outside of their arguments.
func shallow() map[string]bool {
	all := map[string]bool{}
	for _, name := range []string{
		"list", "tuple", "get", "set", "unset", "hasKey", "pluck", "keys", "values", "pick", "omit", "dig",
		"append", "push", "mustAppend", "mustPush", "prepend", "mustPrepend", "concat", "chunk", "mustChunk", "compact", "mustCompact",
		"first", "mustFirst", "rest", "mustRest", "last", "mustLast", "initial", "mustInitial", "reverse", "mustReverse", "slice", "mustSlice",
		"default", "empty", "coalesce", "all", "any", "ternary", "required", "typeOf", "typeIs", "typeIsLike", "kindOf", "kindIs", "lookup",
	} {
		all[name] = true
	}
	return all
}

// times multiplies, and gives more than any bound where that overflows.
func times(a, b int64) int64 {
	if a <= 0 || b <= 0 {
		return 0
	}
	if a > allowance || b > allowance {
		return allowance + 1
	}
	return a * b
}

// distance counts the steps from start to stop.
func distance(start, stop, step int64) int64 {
	if step == 0 {
		return 0
	}
	n := (float64(stop) - float64(start)) / float64(step)
	return int64(min(max(n, -n), allowance))
}

func checkSeq(m *meter, args []reflect.Value) error {
	n := args[0]
	at := func(i int) int64 { return n.Index(i).Int() }
	switch n.Len() {
	case 1:
		return m.list(distance(0, at(0), 1))
	case 2:
		return m.list(distance(at(0), at(1), 1))
	case 3:
		return m.list(distance(at(0), at(2), at(1)))
	}
	return nil
}

func checkIndent(m *meter, args []reflect.Value) error {
	text := args[1].String()
	return m.text(int64(len(text)) + times(args[0].Int(), int64(strings.Count(text, "\n")+1)))
}

func checkReplace(m *meter, args []reflect.Value) error {
	old, fresh, text := args[0].String(), args[1].String(), args[2].String()
	if err := m.text(int64(len(text))); err != nil {
		return err
	}
	return m.text(int64(len(text)) + times(int64(strings.Count(text, old)), int64(len(fresh))))
}

func checkJoin(m *meter, args []reflect.Value) error {
	n, err := m.value(args[1])
	if err != nil {
		return err
	}
	return m.text(n + times(n/valuePrice, int64(args[0].Len())))
}

func checkSplit(m *meter, args []reflect.Value) error {
	sep, text := args[0].String(), args[1].String()
	if err := m.text(int64(len(text))); err != nil {
		return err
	}
	return m.list(int64(strings.Count(text, sep)) + 1)
}

// checkSquare is for what compares each element with each.
func checkSquare(m *meter, args []reflect.Value) error {
	n := int64(1)
	for _, a := range args {
		weight, err := m.value(a)
		if err != nil {
			return err
		}
		n = times(n, weight/valuePrice+1)
	}
	if len(args) == 1 {
		n = times(n, n)
	}
	return m.spend(n)
}

// checkDict pays for the keys, which are printed, but not for what they lead to.
func checkDict(m *meter, args []reflect.Value) error {
	for i := 0; i < args[0].Len(); i += 2 {
		if _, err := m.value(args[0].Index(i)); err != nil {
			return err
		}
	}
	return m.list(int64(args[0].Len()))
}

// checkParse pays for what aliases may take as well, which the parser gives up late.
func checkParse(m *meter, args []reflect.Value) error {
	text := args[0].String()
	if strings.Contains(text, "&") && strings.Contains(text, "*") {
		if err := m.spend(allowance / 32); err != nil {
			return err
		}
	}
	return m.text(times(10, int64(len(text))))
}

func checkRandom(m *meter, args []reflect.Value) error { return m.text(times(10, args[0].Int())) }

func checkRegexp(m *meter, args []reflect.Value) error {
	expression, text := int64(args[0].Len()), int64(args[1].Len())
	if err := m.list(text); err != nil {
		return err
	}
	return m.spend(times(expression, stepPrice+text/8))
}

// checkRegexpReplace pays for each match as often as the replacement's groups could name it.
func checkRegexpReplace(m *meter, args []reflect.Value) error {
	expression, text, fresh := args[0].String(), args[1].String(), args[2].String()
	if err := m.spend(times(int64(len(expression)), stepPrice+int64(len(text))/8)); err != nil {
		return err
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil //nolint:nilerr // the function itself tells it
	}
	if err := m.list(int64(len(text)) / 64); err != nil {
		return err
	}
	matches := int64(len(re.FindAllStringIndex(text, -1)))
	groups := int64(strings.Count(fresh, "$"))
	return m.text(int64(len(text)) + times(matches, int64(len(fresh))) + times(groups, int64(len(text))))
}

// checkFormat pays for each verb as if it printed the largest argument, and for the widths.
func checkFormat(m *meter, args []reflect.Value) error {
	format, n := args[0].String(), int64(0)
	for i := range args[1].Len() {
		size, err := m.value(args[1].Index(i))
		if err != nil {
			return err
		}
		n = max(n, size)
	}
	if strings.Contains(format, "*") {
		return fmt.Errorf("%w: a width that is an argument (%%*d)", errTooMuch)
	}
	total := int64(len(format)) + times(n, int64(strings.Count(format, "%")))
	for _, digits := range regexp.MustCompile(`\d{3,}`).FindAllString(format, -1) {
		width, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			width = allowance
		}
		total += min(width, allowance)
	}
	return m.text(total)
}

package policy

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// maxAge bounds minimumAge: more is a slip of the keyboard.
	maxAge = 10 * 365 * 24 * time.Hour
	// maxPlatforms and maxSigners bound what is looked for in every image.
	maxPlatforms = 20
	maxSigners   = 20
)

// pin checks what references are pinned to. A tag that moves is followed by
// its digest, so nothing else has a meaning there.
func (d *decoding) pin(p *Policy) {
	const at = "spec.pin"
	p.Spec.Pin = oneOf(d, at, p.Spec.Pin, PinTag, PinDigest)
	if p.kind == nil || !p.FollowsDigest() {
		return
	}
	if d.has(at) && p.Spec.Pin != PinDigest {
		d.fail(at, "a policy of the kind digest pins the digest", "leave it out")
	}
	p.Spec.Pin = PinDigest
}

// gates checks what an image must show.
func (d *decoding) gates(s Spec) {
	const age = "spec.minimumAge"
	if d.has(age) && !d.bad[age] && (s.MinimumAge < 0 || s.MinimumAge > maxAge) {
		d.fail(age, fmt.Sprintf("%s is not a sensible age", s.MinimumAge), `write it as "24h" or "72h"`)
	}
	const platforms = "spec.platforms"
	valid := regexp.MustCompile(`^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9.]+)?$`)
	if len(s.Platforms) > maxPlatforms {
		d.fail(platforms, fmt.Sprintf("has more than %d entries", maxPlatforms), "")
	}
	for i, platform := range s.Platforms {
		at := fmt.Sprintf("%s[%d]", platforms, i)
		switch {
		case !valid.MatchString(platform):
			d.fail(at, quote(platform)+" is not a platform", "write it like linux/amd64 or linux/arm/v7")
		case slices.Contains(s.Platforms[:i], platform):
			d.fail(at, quote(platform)+" stands here twice", "")
		}
	}
	if s.Verify != nil {
		d.verify("spec.verify", *s.Verify)
	}
}

// verify checks who may sign. Nobody at all is refused: it would let nothing
// through, or everything.
func (d *decoding) verify(at string, v Verify) {
	switch signers := len(v.Keyless) + len(v.Keys); {
	case signers == 0 && !d.bad[at+".keyless"] && !d.bad[at+".keys"]:
		d.fail(at, "names nobody", "write keyless: [{issuer: …, subject: …}] or keys: [{path: …}]")
	case signers > maxSigners:
		d.fail(at, fmt.Sprintf("names more than %d signers", maxSigners), "use a /regular expression/ for the subject")
	}
	for i, identity := range v.Keyless {
		each := fmt.Sprintf("%s.keyless[%d]", at, i)
		d.identity(each+".issuer", identity.Issuer, "the issuer's URL, such as https://token.actions.githubusercontent.com")
		d.identity(each+".subject", identity.Subject, "an e-mail address or URI, or a /regular expression/ for the whole of it")
	}
	for i := range v.Keys {
		d.key(fmt.Sprintf("%s.keys[%d]", at, i), &v.Keys[i])
	}
}

func (d *decoding) identity(at, text, hint string) {
	if !d.required(at, hint) {
		return
	}
	if text == "" {
		d.fail(at, "is empty", hint)
		return
	}
	if inner, ok := expression(text); ok {
		if _, message, hint := d.compile(inner); message != "" {
			d.fail(at, message, hint)
		}
	}
}

// expression gives what stands between the slashes of a /regular expression/.
func expression(text string) (inner string, ok bool) {
	if inner, ok = strings.CutPrefix(text, "/"); !ok {
		return "", false
	}
	return strings.CutSuffix(inner, "/")
}

func (d *decoding) key(at string, k *Key) {
	const hint = "write {path: keys/cosign.pub} for a file of the repository, or {secret: cosign, field: cosign.pub}"
	switch hasPath, hasSecret := d.has(at+".path"), d.has(at+".secret"); {
	case hasPath == hasSecret:
		d.fail(at, "wants either path or secret", hint)
	case hasPath:
		if clean := path.Clean(k.Path); k.Path == "" || clean != k.Path || strings.HasPrefix(clean, "/") || clean == ".." || strings.HasPrefix(clean, "../") {
			d.fail(at+".path", quote(k.Path)+" is not the path of a file in the repository", "write it from the root of the repository, such as keys/cosign.pub")
		}
		if d.has(at + ".field") {
			d.fail(at+".field", "goes with secret only", hint)
		}
	default:
		d.name(at+".secret", k.Secret, true)
		if k.Field == "" {
			k.Field = "cosign.pub"
		}
	}
}

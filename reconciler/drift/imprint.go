package drift

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"unique"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// imprint is what an apply of ours leaves in an object's metadata: the set of our fields, as the API server writes it, and
// the second of our last write that changed something. Alike objects share the set.
//
// The time tells writes apart that the set can't: the same fields with other values, applied under our name by another
// program, or brought back from a backup together with their managedFields.
type imprint struct {
	fields unique.Handle[string]
	time   int64 // Unix seconds; 0 where the API server gives none
}

// imprintOf reads our entry of managedFields.
func imprintOf(live metav1.Object) imprint {
	i := imprint{fields: unique.Make(ownFields(live))}
	if entry := own(live); entry != nil && entry.Time != nil {
		i.time = entry.Time.Unix()
	}
	return i
}

// sumLength is how many bytes of a sum are kept: 96 bits.
const sumLength = 12

// sum is the imprint in short, for a restart to compare with: 16 characters.
func (i imprint) sum() string {
	hash := sha256.New()
	_ = binary.Write(hash, binary.BigEndian, i.time) // a hash takes everything
	hash.Write([]byte(i.fields.Value()))
	return base64.RawURLEncoding.EncodeToString(hash.Sum(nil)[:sumLength])
}

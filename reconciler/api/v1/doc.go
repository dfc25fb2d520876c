// Package v1 holds the Sync resource: which path of which Git repository a
// cluster must equal. It holds types and rules only; everything that acts on
// them stands in package reconciler.
//
// A field is in the schema only when the reconciler honours it: the API server
// refuses (strict) or warns about (default) any other, so that nobody relies on
// a setting that does nothing.
//
// +kubebuilder:object:generate=true
// +groupName=towline.dev
package v1

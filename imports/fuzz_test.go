package imports

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"

	"okey/internal/spreadsheet"
	"okey/okey"
)

func bytesSource(content []byte) Source {
	return Source{Name: "fichier", Content: bytes.NewReader(content), Size: int64(len(content))}
}

// plain fails on an error that a person could not read.
func plain(t *testing.T, r *Result, err error) {
	t.Helper()
	if err != nil {
		assert.NotEqual(t, okey.CodeInternal, okey.ErrorCode(err), err)
	}
	for _, e := range r.Errors {
		assert.NotEmpty(t, e.Code)
		assert.NotEmpty(t, e.Message)
	}
}

func FuzzEstablishments(f *testing.F) {
	f.Add([]byte(geolocated))
	f.Add([]byte(annuaire))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := &Result{}
		rows, err := readEstablishments(t.Context(), bytesSource(content), r, Options{At: at})
		plain(t, r, err)
		for _, row := range rows {
			again, err := okey.ParseUAI(string(row.UAI))
			assert.NoError(t, err)
			assert.Equal(t, row.UAI, again)
		}
	})
}

func FuzzStaff(f *testing.F) {
	f.Add([]byte(staff))
	f.Add([]byte("\xEF\xBB\xBFuai,uid,nom,prenom,mail,fonction,date_de_fin\r\n0060001U,a,b,c,d@e,chef,31/12/2027\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r := &Result{}
		file, err := readStaff(t.Context(), bytesSource(content), r, Options{At: at})
		plain(t, r, err)
		if err == nil && len(r.Errors) > 0 {
			assert.True(t, file.all || len(file.incomplete) > 0, "a row is left out and the file still counts as complete")
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(keyHeader + "00-12 345;L1;31/12/2028;0060001U;;\nA1;L1;46752;0060001U;lmartin;perdue\n"))
	f.Add([]byte(container))
	f.Fuzz(func(t *testing.T, content []byte) {
		opts := Options{At: at}
		if bytes.HasPrefix(bytes.TrimSpace(content), []byte("<")) {
			opts.UAI, opts.Batch = college, "L1"
		}
		r := &Result{}
		rows, err := readKeys(t.Context(), bytesSource(content), r, opts, keyLayout, spreadsheet.Usual)
		plain(t, r, err)
		seen := map[okey.Serial]bool{}
		for _, row := range rows {
			assert.False(t, seen[row.Serial], row.Serial)
			seen[row.Serial] = true
			again, err := okey.ParseSerial(string(row.Serial))
			assert.NoError(t, err)
			assert.Equal(t, row.Serial, again)
		}
	})
}

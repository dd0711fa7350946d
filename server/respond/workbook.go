package respond

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// XLSX is the media type of a workbook.
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// SendWorkbook answers a workbook under its name, but to whoever has it already; sum is its SHA-256.
func SendWorkbook(c *gin.Context, name, sum string, content []byte) {
	if Unchanged(c, sum) {
		return
	}
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Data(http.StatusOK, XLSX, content)
}

package respond

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// XLSX is the media type of a workbook.
const XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// SendWorkbook answers a workbook under its name; sum is its SHA-256.
func SendWorkbook(c *gin.Context, name, sum string, content []byte) {
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Header("ETag", `"`+sum+`"`)
	c.Data(http.StatusOK, XLSX, content)
}

/* A host's plugin that is linked with an ONNX Runtime of its own (onnxruntime_c_api.h: OrtApiBase). */
struct base {
    const void *(*get_api)(unsigned version);
    const char *(*get_version)(void);
};

extern const struct base *OrtGetApiBase(void);
extern const char *plugin_version(void);

const char *plugin_version(void)
{
    return OrtGetApiBase()->get_version();
}

def markdown(r): return ""
def page(r): return ""
